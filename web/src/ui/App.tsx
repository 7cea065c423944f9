import { useEffect, useState } from 'react'
import { HushboxError, type Grant } from '../client'
import { forgetGrant } from './grant-store'
import { Masthead } from './Masthead'
import { Notice } from './Notice'
import { PairCard } from './PairCard'
import { openSession, type Session } from './session'
import { useConnected } from './use-connected'
import { Workbench } from './Workbench'

export interface AppProps {
  initialPin: string | null
  initialSession: Session | null
}

export function App({ initialPin, initialSession }: AppProps) {
  const [session, setSession] = useState(initialSession)
  const [error, setError] = useState<HushboxError | null>(null)
  // A PIN is good for one use: when the token ends, the scanned one must not be tried again.
  const [scannedPin, setScannedPin] = useState(initialPin)
  const connected = useConnected(session)

  useEffect(() => {
    if (session === null) return undefined
    const leave = (reason: HushboxError) => {
      forgetGrant()
      setSession(null)
      setError(reason)
    }
    const stopListening = [session.client.on('over', leave), session.live.on('error', setError)]
    return () => {
      stopListening.forEach((stop) => {
        stop()
      })
    }
  }, [session])

  const enter = (grant: Grant) => {
    setError(null)
    setScannedPin(null)
    setSession(openSession(grant))
  }
  const failFile = (reason: HushboxError) => {
    if (reason.needsPin) session?.client.end(reason)
    else setError(reason)
  }

  return (
    <>
      <Masthead state={session === null ? 'unpaired' : connected ? 'connected' : 'reconnecting'} />
      <main>
        <Notice error={error} onDismiss={() => setError(null)} />
        {session === null ? (
          <PairCard initialPin={scannedPin} onPaired={enter} onError={setError} />
        ) : (
          <Workbench
            session={session}
            connected={connected}
            onStart={() => setError(null)}
            onFileError={failFile}
          />
        )}
      </main>
      <footer>Your sound goes to this box on your own network, and nowhere else.</footer>
    </>
  )
}
