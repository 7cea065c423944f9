import type { BoxEvent } from '../../client/box'
import { timeOfDay } from '../parts/format'
import { useSpoken } from '../strings'
import { eventSentence } from './event-sentence'

const SHOWN = 50

/** What happened last, newest first. */
export function EventList({ events }: { events: readonly BoxEvent[] }) {
  const { language, strings } = useSpoken()
  return (
    <section className="card" aria-labelledby="events-title">
      <h2 id="events-title">{strings.box.events}</h2>
      <div role="log" aria-labelledby="events-title" tabIndex={0} className="scrolling">
        <ul className="events">
          {events
            .slice(-SHOWN)
            .reverse()
            .map((event) => (
              <li key={event.number} data-kind={event.kind}>
                <small>{timeOfDay(event.at_ms, language, 'medium')}</small> {eventSentence(event, strings)}
              </li>
            ))}
        </ul>
      </div>
    </section>
  )
}
