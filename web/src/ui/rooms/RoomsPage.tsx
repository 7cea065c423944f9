import { useEffect } from 'react'
import type { NoticeEvent } from '../shell/notices'
import { useChanges } from '../parts/use-changes'
import type { Session } from '../shell/session'
import { EnterRoom } from './EnterRoom'
import { RoomView } from './RoomView'

export interface RoomsPageProps {
  session: Session
  /** The room of the link. */
  roomId: string | null
  tell: (event: NoticeEvent) => void
}

/** Into a room, or the room that one is in. */
export function RoomsPage({ session, roomId, tell }: RoomsPageProps) {
  const desk = session.rooms()
  useChanges(desk)
  useEffect(
    () => desk.on('error', (error) => tell({ type: 'failed', cause: 'passing', error })),
    [desk, tell],
  )
  if (desk.room === null) return <EnterRoom session={session} desk={desk} roomId={roomId} />
  return <RoomView session={session} desk={desk} room={desk.room} />
}
