import type { BoxEvent } from '../../client/box'
import { useSpoken } from '../strings'

const SHOWN = 50

/** What happened last, newest first, as the box says it. */
export function EventList({ events }: { events: readonly BoxEvent[] }) {
  const { language, strings } = useSpoken()
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium' })
  return (
    <section className="card" aria-labelledby="events-title">
      <h2 id="events-title">{strings.box.events}</h2>
      <div role="log" aria-labelledby="events-title" tabIndex={0} lang="en" className="scrolling">
        <ul className="events">
          {events
            .slice(-SHOWN)
            .reverse()
            .map(({ number, at_ms, kind, text }) => (
              <li key={number} data-kind={kind}>
                <small>{clock.format(at_ms)}</small> {text}
              </li>
            ))}
        </ul>
      </div>
    </section>
  )
}
