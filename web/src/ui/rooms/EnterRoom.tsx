import { useState, type SubmitEvent } from 'react'
import type { RoomDesk } from '../../client/room-desk'
import { keepName, keptName } from './name-store'
import type { Session } from '../shell/session'
import { useStrings } from '../strings'

export interface EnterRoomProps {
  session: Session
  desk: RoomDesk
  roomId: string | null
}

/** A name, and in: into the room of a link, or into a new one. */
export function EnterRoom({ session, desk, roomId }: EnterRoomProps) {
  const { rooms: words } = useStrings()
  const [displayName, setDisplayName] = useState(keptName)
  const [roomName, setRoomName] = useState('')
  const mayOpen = session.connection.role !== 'listener'
  const { ended } = desk
  // Who came in again elsewhere may do so here, too; any other end is the room's own.
  const gone = ended !== null && ended.reason !== 'moved' && (roomId === null || roomId === ended.roomId)
  const joins = (roomId !== null && !gone) || !mayOpen
  const enter = (event: SubmitEvent) => {
    event.preventDefault()
    keepName(displayName.trim())
    void (joins ? desk.join(roomId, displayName.trim()) : desk.open(roomName.trim(), displayName.trim()))
  }
  return (
    <section className="card enter-room" aria-labelledby="rooms-title">
      <h2 id="rooms-title">{joins && !gone ? words.joinTitle : words.title}</h2>
      {ended !== null && <p role="status">{words.ends[ended.reason]}</p>}
      <p className="fine-print">{words.lead}</p>
      {!(joins && gone) && (
        <form onSubmit={enter}>
          <label className="field">
            <span>{words.yourName}</span>
            <input
              type="text"
              required
              maxLength={40}
              autoComplete="nickname"
              value={displayName}
              onChange={(event) => setDisplayName(event.target.value)}
            />
          </label>
          {!joins && (
            <label className="field">
              <span>{words.roomName}</span>
              <input
                type="text"
                required
                maxLength={40}
                value={roomName}
                onChange={(event) => setRoomName(event.target.value)}
              />
            </label>
          )}
          <button type="submit" className="primary" disabled={!desk.connected}>
            {joins ? words.join : words.open}
          </button>
        </form>
      )}
      {(!joins || gone) && <p className="fine-print">{words.linkHint}</p>}
    </section>
  )
}
