import type { BoxSession } from '../../client/box'
import type { BoxDesk } from '../../client/box-desk'
import { moment } from '../parts/format'
import { useSpoken } from '../strings'

/** Who is connected, and how to end that. */
export function SessionsCard({ desk, sessions }: { desk: BoxDesk; sessions: readonly BoxSession[] }) {
  const { language, strings } = useSpoken()
  const { box: words, rooms } = strings
  return (
    <section className="card" aria-labelledby="sessions-title">
      <h2 id="sessions-title">{words.sessions}</h2>
      {sessions.length === 0 && <p>{words.thisPage}</p>}
      <ul className="lines">
        {sessions.map((session) => (
          <li key={session.session_id}>
            <b>{session.device}</b>
            <small>
              {[
                rooms.roles[session.role],
                session.address,
                words.since(moment(session.connected_at_ms, language)),
                session.live ? words.speaksNow : null,
              ]
                .filter((fact) => fact !== null)
                .join(' · ')}
            </small>
            <span className="row start">
              <button type="button" onClick={() => void desk.disconnect(session.session_id, false)}>
                {words.disconnect}
              </button>
              <button
                type="button"
                className="danger"
                onClick={() => void desk.disconnect(session.session_id, true)}
              >
                {words.revokeAccess}
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
