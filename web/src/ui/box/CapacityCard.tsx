import type { Capacity } from '../../client/box'
import type { BoxDesk } from '../../client/box-desk'
import { moment } from '../parts/format'
import { useSpoken } from '../strings'

/** How many voices this box can clean at a time, measured. */
export function CapacityCard({ desk, capacity }: { desk: BoxDesk; capacity: Capacity | null }) {
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
      <div className="row start">
        <button type="button" disabled={desk.measuring} onClick={() => void desk.measure()}>
          {desk.measuring ? words.measuring : words.measure}
        </button>
        <small>{words.measureHint}</small>
      </div>
    </section>
  )
}
