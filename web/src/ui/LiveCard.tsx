import type { LiveSnapshot, LiveVoice } from '../client'
import { LastSummary } from './LastSummary'
import { LiveFacts } from './LiveFacts'
import { Meter } from './Meter'
import { MicrophoneNote } from './MicrophoneNote'
import { NoiseSwitch } from './NoiseSwitch'
import { Scope } from './Scope'
import { statusFor } from './sentences'

export interface LiveCardProps {
  live: LiveVoice
  snapshot: LiveSnapshot
  connected: boolean
  onStart: () => void
}

/** The switch, and what is true about the sound. */
export function LiveCard({ live, snapshot, connected, onStart }: LiveCardProps) {
  const off = snapshot.truth === 'off'
  const toggle = () => {
    onStart()
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
      <LastSummary live={live} />
      <MicrophoneNote microphone={snapshot.microphone} />
    </section>
  )
}
