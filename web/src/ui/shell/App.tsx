import { useEffect, useState } from 'react'
import { HushboxError, roleOf, roomOf, type Grant, type Role } from '../../client'
import { useStrings } from '../strings'
import { EntryCard } from './EntryCard'
import { Foot } from './Foot'
import { Masthead } from './Masthead'
import { Navigation } from './Navigation'
import { NoticeBoard } from './NoticeBoard'
import { SectionView } from './SectionView'
import type { Session } from './session'
import { addressOf, sectionsOf, useRoute } from './use-route'
import { useConnected } from './use-connected'
import { useNotices } from './use-notices'
import { useSession } from './use-session'

export interface AppProps {
  /** What a link or QR code brought along. */
  addressKey: { pin: string | null; invitation: string | null }
  initialSession: Session | null
  /** The stored token ran out while the page was closed. */
  tokenEnded: boolean
}

export function App({ addressKey, initialSession, tokenEnded }: AppProps) {
  const strings = useStrings()
  const { notices, tell } = useNotices(tokenEnded ? { entry: new HushboxError('token_expired') } : {})
  const { session, pairedHere, forget } = useSession(initialSession, tell)
  // A key is good for one use: when the token ends, the scanned one must not be tried again.
  const [key, setKey] = useState(addressKey)
  const connected = useConnected(session)
  // Who is let in already needs no PIN, and must not be let in by it after the session's end.
  useEffect(
    () =>
      session?.connection.on('connection', (nowConnected) => {
        if (nowConnected) setKey(({ invitation }) => ({ pin: null, invitation }))
      }),
    [session],
  )
  const sections = sectionsOf(session?.connection.role ?? 'speaker')
  const route = useRoute(sections)

  const enter = (grant: Grant) => {
    setKey({ pin: null, invitation: null })
    const roomId = roomOf(grant.token)
    if (roomId !== null) location.hash = addressOf('rooms', roomId)
    // An invitation never takes away what this device may do already.
    if (session !== null && !mayMore(grant, session)) return
    session?.connection.close()
    pairedHere(grant)
  }
  const entering = session === null || key.invitation !== null

  return (
    <>
      <a className="skip" href="#content" onClick={skipToContent}>
        {strings.shell.skip}
      </a>
      <Masthead session={session} connected={connected} />
      {!entering && <Navigation sections={sections} current={route.section} />}
      <main id="content" tabIndex={-1}>
        <NoticeBoard notices={notices} onDismiss={(cause) => tell({ type: 'ended', cause })} />
        {entering ? (
          <EntryCard
            addressKey={key}
            onEntering={() => tell({ type: 'pairing' })}
            onEntered={enter}
            onError={(error) => {
              setKey({ pin: null, invitation: null })
              tell({ type: 'failed', cause: key.invitation === null ? 'entry' : 'invitation', error })
            }}
          />
        ) : (
          <SectionView session={session} connected={connected} route={route} tell={tell} />
        )}
      </main>
      <Foot onForget={session === null ? null : forget} />
    </>
  )
}

const RANKS: readonly Role[] = ['listener', 'speaker', 'owner']

function mayMore({ token }: Grant, { connection }: Session): boolean {
  return RANKS.indexOf(roleOf(token)) > RANKS.indexOf(connection.role)
}

/** The address keeps the section, so the link may not change it. */
function skipToContent(event: { preventDefault: () => void }): void {
  event.preventDefault()
  document.getElementById('content')?.focus()
}
