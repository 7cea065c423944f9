import { useState } from 'react'
import { HushboxError, type Grant } from '../client'
import { Masthead } from './Masthead'
import { NoticeBoard } from './NoticeBoard'
import { PairCard } from './PairCard'
import type { Session } from './session'
import { useConnected } from './use-connected'
import { useNotices } from './use-notices'
import { useSession } from './use-session'
import { Workbench } from './Workbench'

export interface AppProps {
  initialPin: string | null
  initialSession: Session | null
  /** The stored token ran out while the page was closed. */
  tokenEnded: boolean
}

export function App({ initialPin, initialSession, tokenEnded }: AppProps) {
  const { notices, tell } = useNotices(tokenEnded ? { entry: new HushboxError('token_expired') } : {})
  const { session, pairedHere, forget } = useSession(initialSession, tell)
  // A PIN is good for one use: when the token ends, the scanned one must not be tried again.
  const [scannedPin, setScannedPin] = useState(initialPin)
  const connected = useConnected(session)

  const enter = (grant: Grant) => {
    setScannedPin(null)
    pairedHere(grant)
  }

  return (
    <>
      <Masthead state={session === null ? 'unpaired' : connected ? 'connected' : 'reconnecting'} />
      <main>
        <NoticeBoard notices={notices} onDismiss={(cause) => tell({ type: 'ended', cause })} />
        {session === null ? (
          <PairCard
            initialPin={scannedPin}
            onPairing={() => tell({ type: 'pairing' })}
            onPaired={enter}
            onError={(error) => tell({ type: 'failed', cause: 'entry', error })}
          />
        ) : (
          <Workbench session={session} connected={connected} onSwitch={() => tell({ type: 'switched' })} />
        )}
      </main>
      <footer>
        <p>Your sound goes to this box on your own network, and nowhere else.</p>
        {session !== null && (
          <button type="button" className="quiet" onClick={forget}>
            Forget this box
          </button>
        )}
      </footer>
    </>
  )
}
