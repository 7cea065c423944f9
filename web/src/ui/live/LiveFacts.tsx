import { useState } from 'react'
import { totalDelayMs, type Delay, type LiveSnapshot } from '../../client'
import { kilohertz } from '../parts/format'
import { useStrings } from '../strings'

export function LiveFacts({ snapshot }: { snapshot: LiveSnapshot }) {
  const { live } = useStrings()
  const { delay, removedDb, rateHz } = snapshot
  const cleaning = ['on', 'late', 'original'].includes(snapshot.truth)
  return (
    <>
      <dl className="facts">
        <div>
          <dt>{live.noiseRemoved}</dt>
          <dd id="removed">{cleaning && removedDb !== null ? `${Math.round(removedDb)} dB` : '–'}</dd>
        </div>
        <div>
          <dt>{live.delay}</dt>
          <dd id="delay">{delay === null ? '–' : `${Math.round(totalDelayMs(delay))} ms`}</dd>
        </div>
        <div>
          <dt>{live.dropouts}</dt>
          <dd id="dropouts">{rateHz === null ? '–' : snapshot.underruns}</dd>
        </div>
      </dl>
      <DelaySplit delay={delay} />
      {rateHz !== null && (
        <details className="fine-print">
          <summary>{live.more}</summary>
          <ul>
            <li>{live.sampleRate(kilohertz(rateHz))}</li>
            <li>{live.latePackets(snapshot.lateAnswers)}</li>
            <li>{live.skippedPackets(snapshot.skippedPackets)}</li>
          </ul>
        </details>
      )}
    </>
  )
}

const PARTS = ['microphoneMs', 'networkMs', 'queueMs', 'modelMs', 'playbackMs'] as const

/** The five places where time goes, as one bar and in numbers. */
function DelaySplit({ delay }: { delay: Delay | null }) {
  const { live } = useStrings()
  // A phone shows the sum; whoever wants to know more opens it.
  const [wide] = useState(() => matchMedia('(min-width: 42rem)').matches)
  const text = (ms: number | null | undefined) => (ms == null ? '–' : `${Math.round(ms)} ms`)
  return (
    <details className="fine-print delay-split" open={wide}>
      <summary>{live.delaySplit}</summary>
      <div className="delay-bar" aria-hidden="true">
        {PARTS.map((part) => (
          <span key={part} className={part} style={{ flexGrow: delay?.[part] ?? 0 }} />
        ))}
      </div>
      <dl>
        {PARTS.map((part) => (
          <div key={part} className={part}>
            <dt>{live[part]}</dt>
            <dd id={part}>{text(delay?.[part])}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
