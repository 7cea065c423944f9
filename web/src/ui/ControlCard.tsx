import type { LiveSnapshot, LiveVoice, Truth } from '../client'
import { HearControls } from './HearControls'
import { RecordPanel } from './RecordPanel'
import { StrengthSlider } from './StrengthSlider'

/** Without a stream there is nothing to record. */
const NOTHING_FLOWS: readonly Truth[] = ['off', 'starting', 'reconnecting']

/** What to do with the sound: hear it, choose how much is removed, keep it. */
export function ControlCard({ live, snapshot }: { live: LiveVoice; snapshot: LiveSnapshot }) {
  return (
    <section className="card controls" aria-label="Listen and record">
      <HearControls hearing={snapshot.hearing} onHear={(hearing) => live.hear(hearing)} />
      <StrengthSlider onCommit={(limitDb) => void live.setSuppressionLimit(limitDb)} />
      <RecordPanel
        live={live}
        recordingSeconds={snapshot.recordingSeconds}
        disabled={snapshot.busy || NOTHING_FLOWS.includes(snapshot.truth)}
      />
    </section>
  )
}
