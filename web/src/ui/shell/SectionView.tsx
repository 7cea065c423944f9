import { lazy, Suspense } from 'react'
import { LivePage } from '../live/LivePage'
import { useStrings } from '../strings'
import type { NoticeEvent } from './notices'
import type { Session } from './session'
import type { Route } from './use-route'

const RecordingsPage = lazy(async () => ({
  default: (await import('../recordings/RecordingsPage')).RecordingsPage,
}))

const FilesPage = lazy(async () => ({ default: (await import('../files/FilesPage')).FilesPage }))

const RoomsPage = lazy(async () => ({ default: (await import('../rooms/RoomsPage')).RoomsPage }))
const BoxPage = lazy(async () => ({ default: (await import('../box/BoxPage')).BoxPage }))

export interface SectionViewProps {
  session: Session
  connected: boolean
  route: Route
  tell: (event: NoticeEvent) => void
}

/** The section of the route; all but the first are loaded when they are opened. */
export function SectionView(props: SectionViewProps) {
  const { shell } = useStrings()
  return <Suspense fallback={<p className="fine-print">{shell.loading}</p>}>{sectionOf(props)}</Suspense>
}

function sectionOf({ session, connected, route, tell }: SectionViewProps) {
  const { live } = session
  if (route.section === 'recordings')
    return <RecordingsPage session={session} open={route.item} tell={tell} />
  if (route.section === 'files') return <FilesPage session={session} />
  if (route.section === 'rooms') return <RoomsPage session={session} roomId={route.item} tell={tell} />
  if (route.section === 'box') return <BoxPage session={session} tell={tell} />
  if (live === null) return null
  return <LivePage session={session} live={live} connected={connected} tell={tell} />
}
