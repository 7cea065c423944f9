import type { BoxDesk } from '../../client/box-desk'
import type { Invitation } from '../../client/room'
import { InvitationLink } from '../parts/InvitationLink'
import { moment } from '../parts/format'
import { useSpoken } from '../strings'
import { InvitationForm } from './InvitationForm'

/** Invitations: made, scanned, taken back. */
export function InvitationsCard({
  desk,
  invitations,
}: {
  desk: BoxDesk
  invitations: readonly Invitation[]
}) {
  const { language, strings } = useSpoken()
  const { box: words, rooms } = strings
  return (
    <section className="card" aria-labelledby="invitations-title">
      <h2 id="invitations-title">{words.invitations}</h2>
      <InvitationForm desk={desk} />
      {desk.invitation !== null && <InvitationLink invitation={desk.invitation} />}
      {invitations.length === 0 && <p className="fine-print">{words.noInvitations}</p>}
      <ul className="lines">
        {invitations.map((invitation) => (
          <li key={invitation.invitation_id} data-state={invitation.state}>
            <b>{invitation.label === '' ? words.unnamed : invitation.label}</b>
            <small>
              {[
                rooms.roles[invitation.role],
                words.states[invitation.state],
                words.usedOf(invitation.uses, invitation.max_uses),
                words.until(moment(invitation.expires_at_ms, language)),
              ].join(' · ')}
            </small>
            {invitation.state !== 'revoked' && (
              <span className="row start">
                <button type="button" onClick={() => void desk.revoke(invitation.invitation_id)}>
                  {words.revoke}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
