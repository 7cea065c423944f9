import { useEffect, useState } from 'react'
import type { LiveSnapshot, LiveVoice } from '../../client'
import { duration } from '../parts/format'
import { lastRunSentence, statusFor } from '../parts/sentences'
import { useStrings } from '../strings'
import { Countdown } from './Countdown'
import { LiveFacts } from './LiveFacts'
import { Meter } from './Meter'
import { MicrophoneNote } from './MicrophoneNote'
import { NoiseSwitch } from './NoiseSwitch'
import { Spectrogram } from './Spectrogram'
import type { SecondTry } from './use-second-try'

export interface LiveCardProps {
  live: LiveVoice
  snapshot: LiveSnapshot
  connected: boolean
  secondTry: SecondTry
  onSwitch: () => void
}

/** The switch, and what is true about the sound. */
export function LiveCard({ live, snapshot, connected, secondTry, onSwitch }: LiveCardProps) {
  const strings = useStrings()
  const words = strings.live
  const off = snapshot.truth === 'off'
  const toggle = () => {
    onSwitch()
    void (off ? live.start() : live.stop())
  }
  return (
    <section className="card live" aria-labelledby="live-title" data-truth={snapshot.truth}>
      <h2 id="live-title">{words.title}</h2>
      <NoiseSwitch
        truth={snapshot.truth}
        status={statusFor(snapshot, strings)}
        disabled={snapshot.busy || (off && !connected)}
        onToggle={toggle}
      />
      <Countdown {...secondTry} />
      {snapshot.truth === 'interrupted' && (
        <button type="button" className="primary" onClick={() => live.resumeSound()}>
          {words.goOn}
        </button>
      )}
      <Spectrogram spectra={snapshot.spectra} />
      <div className="meters">
        <Meter label={words.inLevel} level={snapshot.input} />
        <Meter label={words.outLevel} level={snapshot.output} />
      </div>
      <LiveFacts snapshot={snapshot} />
      <MendNote live={live} />
      {snapshot.lastRun !== null && (
        <p className="fine-print" id="last-run">
          {lastRunSentence(snapshot.lastRun, strings)}
        </p>
      )}
      <MicrophoneNote microphone={snapshot.microphone} />
    </section>
  )
}

/** How long the last break was, until the switch is off. */
function MendNote({ live }: { live: LiveVoice }) {
  const { live: words, time } = useStrings()
  const [text, setText] = useState<string | null>(null)
  useEffect(() => {
    const stop = [
      live.on('mended', ({ seconds, filled }) => setText(words.mended(duration(seconds, time), filled))),
      live.on('change', () => {
        if (live.snapshot().truth === 'off') setText(null)
      }),
    ]
    return () => {
      for (const end of stop) end()
    }
  }, [live, words, time])
  return (
    <p className="fine-print" id="gap" role="status">
      {text}
    </p>
  )
}
