import type { BoxStats, Capacity } from '../../client/box'
import type { BoxDesk } from '../../client/box-desk'
import { moment } from '../parts/format'
import { useSpoken } from '../strings'

export interface CapacityCardProps {
  desk: BoxDesk
  capacity: Capacity | null
  /** The statistics of this second. */
  now: BoxStats | undefined
}

/** How many voices this box can clean at a time, measured, and what heat takes of them. */
export function CapacityCard({ desk, capacity, now }: CapacityCardProps) {
  const { language, strings } = useSpoken()
  const words = strings.box
  return (
    <section className="card" aria-labelledby="capacity-title">
      <h2 id="capacity-title">{words.capacity}</h2>
      <p role="status" id="capacity">
        {capacity === null
          ? words.notMeasured
          : words.measured(capacity.voices, moment(capacity.measured_at_ms, language))}
      </p>
      <p role="status" id="heat" className="failure">
        {now?.limited_by === 'heat' &&
          words.heat(now.max_streams, now.max_streams_when_cool, now.throttled === true)}
      </p>
      <div className="row start">
        <button type="button" disabled={desk.measuring} onClick={() => void desk.measure()}>
          {desk.measuring ? words.measuring : words.measure}
        </button>
        <small>{words.measureHint}</small>
      </div>
    </section>
  )
}
