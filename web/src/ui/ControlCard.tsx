import type { LiveSnapshot, LiveVoice } from '../client'
import { HearControls } from './HearControls'
import { RecordPanel } from './RecordPanel'
import { StrengthSlider } from './StrengthSlider'

/** What to do with the sound: hear it, choose how much is removed, keep it. */
export function ControlCard({ live, snapshot }: { live: LiveVoice; snapshot: LiveSnapshot }) {
  return (
    <section className="card controls" aria-label="Listen and record">
      <HearControls hearing={snapshot.hearing} onHear={(hearing) => live.hear(hearing)} />
      <StrengthSlider onCommit={(limitDb) => void live.setSuppressionLimit(limitDb)} />
      <RecordPanel
        live={live}
        recordingSeconds={snapshot.recordingSeconds}
        disabled={snapshot.truth === 'off' || snapshot.busy}
      />
    </section>
  )
}
