import type { HushboxError } from '../client'
import { ControlCard } from './ControlCard'
import { FileCard } from './FileCard'
import { LiveCard } from './LiveCard'
import type { Session } from './session'
import { useLive } from './use-live'

export interface WorkbenchProps {
  session: Session
  connected: boolean
  onStart: () => void
  onFileError: (error: HushboxError) => void
}

/** The page of a paired device. */
export function Workbench({ session, connected, onStart, onFileError }: WorkbenchProps) {
  const snapshot = useLive(session.live)
  return (
    <div className="workbench">
      <LiveCard live={session.live} snapshot={snapshot} connected={connected} onStart={onStart} />
      <ControlCard live={session.live} snapshot={snapshot} />
      <FileCard session={session} onError={onFileError} />
    </div>
  )
}
