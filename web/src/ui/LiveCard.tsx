import type { LiveSnapshot, LiveVoice } from '../client'
import { LiveFacts } from './LiveFacts'
import { Meter } from './Meter'
import { MicrophoneNote } from './MicrophoneNote'
import { NoiseSwitch } from './NoiseSwitch'
import { Scope } from './Scope'
import { lastRunSentence, statusFor } from './sentences'

export interface LiveCardProps {
  live: LiveVoice
  snapshot: LiveSnapshot
  connected: boolean
  onSwitch: () => void
}

/** The switch, and what is true about the sound. */
export function LiveCard({ live, snapshot, connected, onSwitch }: LiveCardProps) {
  const off = snapshot.truth === 'off'
  const toggle = () => {
    onSwitch()
    void (off ? live.start() : live.stop())
  }
  return (
    <section className="card live" aria-labelledby="live-title" data-truth={snapshot.truth}>
      <h2 id="live-title">Live</h2>
      <NoiseSwitch
        truth={snapshot.truth}
        status={statusFor(snapshot)}
        disabled={snapshot.busy || (off && !connected)}
        onToggle={toggle}
      />
      <Scope peaks={live.peaks} running={!off} />
      <div className="meters">
        <Meter label="In" level={snapshot.input} />
        <Meter label="Out" level={snapshot.output} />
      </div>
      <LiveFacts snapshot={snapshot} />
      {snapshot.lastRun !== null && (
        <p className="fine-print" id="last-run">
          {lastRunSentence(snapshot.lastRun)}
        </p>
      )}
      <MicrophoneNote microphone={snapshot.microphone} />
    </section>
  )
}
