import type { LiveVoice } from '../../client'
import { RecordPanel } from '../recordings/RecordPanel'
import { RescueCard } from '../recordings/RescueCard'
import type { NoticeEvent } from '../shell/notices'
import type { Session } from '../shell/session'
import { HearControls } from './HearControls'
import { LiveCard } from './LiveCard'
import { MicrophonePicker } from './MicrophonePicker'
import { StrengthControl } from './StrengthControl'
import { useLive } from './use-live'
import { useSecondTry } from './use-second-try'
import { useSettlingLimit } from './use-settling-limit'
import { useWakeLock } from './use-wake-lock'
import { useStrings } from '../strings'

export interface LivePageProps {
  session: Session
  live: LiveVoice
  connected: boolean
  tell: (event: NoticeEvent) => void
}

/** The switch, what is true about the sound, and what to do with it. */
export function LivePage({ session, live, connected, tell }: LivePageProps) {
  const words = useStrings().live
  const snapshot = useLive(live)
  const secondTry = useSecondTry(live, snapshot.truth, connected)
  const strength = useSettlingLimit(live)
  useWakeLock(snapshot.truth !== 'off')
  return (
    <div className="workbench">
      <LiveCard
        live={live}
        snapshot={snapshot}
        connected={connected}
        secondTry={secondTry}
        onSwitch={() => {
          secondTry.stopWaiting()
          tell({ type: 'switched' })
        }}
      />
      <section className="card controls" aria-label={words.controls}>
        <HearControls hearing={snapshot.hearing} onHear={(hearing) => live.hear(hearing)} />
        <StrengthControl {...strength} />
        <MicrophonePicker live={live} microphone={snapshot.microphone} />
        <RecordPanel session={session} live={live} snapshot={snapshot} />
      </section>
      <RescueCard desk={session.recordings} />
    </div>
  )
}
