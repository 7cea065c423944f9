import { useState, type SubmitEvent } from 'react'
import type { BoxLimits } from '../../client/box'
import type { BoxDesk } from '../../client/box-desk'
import { useStrings } from '../strings'

/** How much the box may take on. */
export function LimitsCard({ desk, limits }: { desk: BoxDesk; limits: BoxLimits }) {
  const { box: words } = useStrings()
  const [values, setValues] = useState(() =>
    Object.fromEntries(Object.entries(limits).map(([name, { value }]) => [name, String(value)])),
  )
  const changed = Object.entries(values).filter(([name, text]) => text !== String(limits[name]?.value))
  const save = (event: SubmitEvent) => {
    event.preventDefault()
    void desk.setLimits(Object.fromEntries(changed.map(([name, text]) => [name, Number(text)])))
  }
  return (
    <section className="card" aria-labelledby="limits-title">
      <h2 id="limits-title">{words.limitsTitle}</h2>
      <form className="limits" onSubmit={save}>
        {Object.entries(limits).map(([name, { lowest, highest }]) => (
          <label key={name} className="field">
            <span>
              {words.limits[name] ?? name} <small className="nowrap">{`${lowest}–${highest}`}</small>
            </span>
            <input
              type="number"
              required
              min={lowest}
              max={highest}
              step={1}
              value={values[name] ?? ''}
              onChange={(event) => setValues({ ...values, [name]: event.target.value })}
            />
          </label>
        ))}
        <button type="submit" disabled={changed.length === 0}>
          {words.save}
        </button>
      </form>
    </section>
  )
}
