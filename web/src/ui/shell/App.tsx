import { HushboxError, roomOf, type Grant } from '../../client'
import { useStrings } from '../strings'
import type { AddressKey } from './address-key'
import { EntryCard } from './EntryCard'
import { Foot } from './Foot'
import { opensMore } from './grant-rank'
import { Masthead } from './Masthead'
import { Navigation } from './Navigation'
import { NoticeBoard } from './NoticeBoard'
import { SectionView } from './SectionView'
import type { Session } from './session'
import { addressOf, sectionsOf, useRoute } from './use-route'
import { useAddressKey } from './use-address-key'
import { useConnected } from './use-connected'
import { useNotices } from './use-notices'
import { useSession } from './use-session'

export interface AppProps {
  /** What a link or QR code brought along. */
  addressKey: AddressKey
  initialSession: Session | null
  /** The stored token ran out while the page was closed. */
  tokenEnded: boolean
}

export function App({ addressKey, initialSession, tokenEnded }: AppProps) {
  const strings = useStrings()
  const { notices, tell } = useNotices(tokenEnded ? { entry: new HushboxError('token_expired') } : {})
  const { session, pairedHere, forget } = useSession(initialSession, tell)
  const connected = useConnected(session)
  const { key, serial, dropKey } = useAddressKey(addressKey, session, connected)
  const sections = sectionsOf(session?.connection.role ?? 'speaker')
  const route = useRoute(sections)

  const enter = (grant: Grant) => {
    dropKey()
    const roomId = roomOf(grant.token)
    if (roomId !== null) location.hash = addressOf('rooms', roomId)
    // The address is set all the same: who may be everywhere may be in the room of the link.
    if (session !== null && !opensMore(grant.token, session.connection.token)) return
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
      {!entering && <Navigation sections={sections} current={route.section} live={session.live} />}
      <main id="content" tabIndex={-1}>
        <NoticeBoard notices={notices} onDismiss={(cause) => tell({ type: 'ended', cause })} />
        {entering ? (
          <EntryCard
            key={serial}
            addressKey={key}
            onEntering={() => tell({ type: 'pairing' })}
            onEntered={enter}
            onError={(error) => {
              dropKey()
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

/** The address keeps the section, so the link may not change it. */
function skipToContent(event: { preventDefault: () => void }): void {
  event.preventDefault()
  document.getElementById('content')?.focus()
}
