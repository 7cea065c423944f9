import { useEffect, useState } from 'react'
import type { Grant, HushboxError } from '../../client'
import { forgetGrant, loadGrant, onGrantElsewhere, saveGrant } from './grant-store'
import type { NoticeEvent } from './notices'
import { openSession, type Session } from './session'

/** The session of this tab, in step with the browser's other tabs; `tell` hears what happens to it. */
export function useSession(initial: Session | null, tell: (event: NoticeEvent) => void) {
  const [session, setSession] = useState(initial)

  const enter = (grant: Grant) => {
    tell({ type: 'paired' })
    setSession(openSession(grant))
  }

  useEffect(() => {
    if (session === null) return undefined
    const { connection, live, recordings } = session
    const leave = (reason: HushboxError | null) => {
      const newer = reason?.needsPin === true ? grantBesides(connection.token) : null
      setSession(newer === null ? null : openSession(newer))
      if (newer === null) tell({ type: 'left', reason })
    }
    const stopListening = [
      connection.on('over', leave),
      connection.on('refused', (error) => tell({ type: 'failed', cause: 'connection', error })),
      connection.on('connection', (connected) => {
        if (connected) tell({ type: 'connected' })
      }),
      recordings.on('error', (error) => tell({ type: 'failed', cause: 'passing', error })),
      ...(live === null
        ? []
        : [
            live.on('error', (error) => tell({ type: 'failed', cause: 'live', error })),
            live.on('stream', () => tell({ type: 'ended', cause: 'live' })),
            live.on('notice', (error) => tell({ type: 'failed', cause: 'passing', error })),
          ]),
    ]
    connection.connect()
    return () => {
      stopListening.forEach((stop) => {
        stop()
      })
    }
  }, [session, tell])

  useEffect(() =>
    onGrantElsewhere((grant) => {
      if (grant === null) session?.connection.close()
      else if (session === null) enter(grant)
      else session.connection.adopt(grant)
    }),
  )

  const pairedHere = (grant: Grant) => {
    saveGrant(grant)
    enter(grant)
  }
  const forget = () => {
    forgetGrant()
    session?.connection.close()
  }
  return { session, pairedHere, forget }
}

/** A grant that another tab has kept meanwhile; null where there is none but the one of `token`. */
function grantBesides(token: string): Grant | null {
  const stored = loadGrant()
  return stored === null || stored === 'ended' || stored.token === token ? null : stored
}
