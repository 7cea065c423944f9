import { useStrings } from '../strings'
import type { Session } from './session'

export interface MastheadProps {
  session: Session | null
  connected: boolean
}

export function Masthead({ session, connected }: MastheadProps) {
  const { shell } = useStrings()
  const slow = connected && session?.connection.transport === 'polling'
  const state = session === null ? 'unpaired' : !connected ? 'reconnecting' : slow ? 'polling' : 'connected'
  return (
    <>
      <header className="masthead">
        <h1>
          <svg viewBox="0 0 32 32" aria-hidden="true" className="logo">
            <path d="M5 13v6M10.5 8v16M16 4v24M21.5 11v10M27 15v2" />
          </svg>
          <span translate="no">{shell.name}</span>
        </h1>
        <p className={`connection ${state}`} role="status">
          {shell[state]}
        </p>
      </header>
      {slow && (
        <div className="slow-note">
          <p>{shell.pollingNote}</p>
          <button type="button" onClick={() => session.connection.reconnect()}>
            {shell.tryFast}
          </button>
        </div>
      )}
    </>
  )
}
