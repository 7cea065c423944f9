import { useSyncExternalStore } from 'react'
import type { LiveVoice } from '../../client'
import type { Member, Room } from '../../client/room'
import type { RoomDesk } from '../../client/room-desk'
import { moment } from '../parts/format'
import type { Session } from '../shell/session'
import { useSpoken, useStrings } from '../strings'
import { Chat } from './Chat'
import { Invite } from './Invite'
import { useCleaned } from './use-cleaned'
import { useRoomVoice } from './use-room-voice'

export interface RoomViewProps {
  session: Session
  desk: RoomDesk
  room: Room
}

/** The room that one is in: who speaks, who is there, what is written. */
export function RoomView({ session, desk, room }: RoomViewProps) {
  const { language, strings } = useSpoken()
  const words = strings.rooms
  const { me } = desk
  const speaker = room.members.find(({ member_id }) => member_id === room.voice?.member_id)
  const mayInvite = me?.host === true || session.connection.role === 'owner'
  return (
    <div className="workbench room">
      <div className="column">
        <section className="card" aria-labelledby="room-title">
          <div className="row">
            <h2 id="room-title">{room.name}</h2>
            <span className="fine-print">{words.until(moment(room.expires_at_ms, language))}</span>
          </div>
          <p role="status" className="voice" data-speaking={speaker !== undefined}>
            {speaker === undefined
              ? words.nobodySpeaks
              : speaker.member_id === desk.memberId
                ? words.youSpeak
                : words.speakers(speaker.display_name)}
          </p>
          <CleanedNote desk={desk} />
          <div className="row start">
            {session.live !== null && <SpeakButton desk={desk} live={session.live} />}
            <label className="toggle">
              <input
                type="checkbox"
                role="switch"
                checked={desk.listening}
                onChange={() => void desk.listen(!desk.listening)}
              />
              <span>{words.listen}</span>
            </label>
          </div>
          <People members={room.members} memberId={desk.memberId} />
          <div className="row start">
            <button type="button" onClick={() => void desk.leave()}>
              {words.leave}
            </button>
            {mayInvite && (
              <button type="button" className="danger" onClick={() => void desk.close()}>
                {words.close}
              </button>
            )}
          </div>
        </section>
        {mayInvite && <Chat desk={desk} />}
      </div>
      {mayInvite ? <Invite desk={desk} /> : <Chat desk={desk} />}
    </div>
  )
}

/** What is not clean about the voice that is heard here. */
function CleanedNote({ desk }: { desk: RoomDesk }) {
  const { rooms: words } = useStrings()
  const cleaned = useCleaned(desk)
  return (
    <p role="status" className="fine-print failure" data-cleaned={cleaned}>
      {cleaned === 'all' ? null : words.notCleaned[cleaned]}
    </p>
  )
}

function SpeakButton({ desk, live }: { desk: RoomDesk; live: LiveVoice }) {
  const { rooms: words } = useStrings()
  const { speaking, speak, silence } = useRoomVoice(desk, live)
  const busy = useSyncExternalStore(
    (listener) => live.on('change', listener),
    () => live.snapshot().busy,
  )
  return (
    <button
      type="button"
      className={speaking ? '' : 'primary'}
      disabled={busy}
      onClick={() => void (speaking ? silence() : speak())}
    >
      {speaking ? words.stopSpeaking : words.speak}
    </button>
  )
}

function People({ members, memberId }: { members: readonly Member[]; memberId: string }) {
  const { rooms: words } = useStrings()
  const statesOf = (member: Member) =>
    [
      member.member_id === memberId ? words.you : null,
      member.host ? words.host : null,
      member.speaking ? words.speaking : member.listening ? words.listening : words.notListening,
      member.recording ? words.recording : null,
      member.dropped_packets > 0 ? words.left(member.dropped_packets) : null,
    ].filter((state) => state !== null)
  return (
    <div>
      <h3>{words.people(members.length)}</h3>
      <ul className="people">
        {members.map((member) => (
          <li key={member.member_id} data-speaking={member.speaking}>
            <b>{member.display_name}</b> <small>{statesOf(member).join(' · ')}</small>
          </li>
        ))}
      </ul>
    </div>
  )
}
