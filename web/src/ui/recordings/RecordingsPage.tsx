import type { RecordingFacts } from '../../recordings/shelf'
import { clock, moment } from '../parts/format'
import type { NoticeEvent } from '../shell/notices'
import type { Session } from '../shell/session'
import { addressOf } from '../shell/use-route'
import { useSpoken, useStrings } from '../strings'
import { RecordingView } from './RecordingView'
import { RescueCard } from './RescueCard'
import { useRecordings } from './use-recordings'

export interface RecordingsPageProps {
  session: Session
  /** The id of the recording that is open. */
  open: string | null
  tell: (event: NoticeEvent) => void
}

/** What this browser keeps: a list, or one recording of it. */
export function RecordingsPage({ session, open, tell }: RecordingsPageProps) {
  const { recordings: words } = useStrings()
  const all = useRecordings(session.recordings)
  if (open !== null) return <RecordingView key={open} session={session} id={open} tell={tell} />
  return (
    <div className="column">
      <RescueCard desk={session.recordings} />
      <section className="card" aria-labelledby="recordings-title">
        <h2 id="recordings-title">{words.title}</h2>
        <p className="fine-print">{words.lead}</p>
        {all?.length === 0 && <p>{words.none}</p>}
        <ul className="list">
          {all?.map((facts) => (
            <RecordingLine key={facts.id} facts={facts} />
          ))}
        </ul>
      </section>
    </div>
  )
}

function RecordingLine({ facts }: { facts: RecordingFacts }) {
  const { language } = useSpoken()
  const startedAt = moment(facts.startedAtMs, language)
  return (
    <li>
      <a href={addressOf('recordings', facts.id)}>
        <b>{facts.name}</b>
        <span className="value">{clock(facts.samples / facts.rateHz)}</span>
        {facts.name !== startedAt && <small>{startedAt}</small>}
      </a>
    </li>
  )
}
