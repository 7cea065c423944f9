import { ControlCard } from './ControlCard'
import { FileCard } from './FileCard'
import { LiveCard } from './LiveCard'
import type { Session } from './session'
import { useLive } from './use-live'

export interface WorkbenchProps {
  session: Session
  connected: boolean
  onSwitch: () => void
}

/** The page of a paired device. */
export function Workbench({ session, connected, onSwitch }: WorkbenchProps) {
  const snapshot = useLive(session.live)
  return (
    <div className="workbench">
      <LiveCard live={session.live} snapshot={snapshot} connected={connected} onSwitch={onSwitch} />
      <ControlCard live={session.live} snapshot={snapshot} />
      <FileCard session={session} />
    </div>
  )
}
