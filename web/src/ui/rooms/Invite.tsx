import { useState } from 'react'
import type { RoomDesk } from '../../client/room-desk'
import { InvitationLink } from '../parts/InvitationLink'
import { Segments } from '../parts/Segments'
import { useStrings } from '../strings'

/** A link and a code that bring others into this room. */
export function Invite({ desk }: { desk: RoomDesk }) {
  const { rooms: words } = useStrings()
  const [role, setRole] = useState<'listener' | 'speaker'>('listener')
  return (
    <section className="card" aria-labelledby="invite-title">
      <h2 id="invite-title">{words.inviteTitle}</h2>
      <div className="row start">
        <Segments
          legend={words.inviteAs}
          name="invite-role"
          choice={role}
          choices={{ listener: words.roles.listener, speaker: words.roles.speaker }}
          onChoose={setRole}
        />
        <button type="button" onClick={() => void desk.invite(role)}>
          {words.makeLink}
        </button>
      </div>
      {desk.invitation !== null && <InvitationLink invitation={desk.invitation} />}
    </section>
  )
}
