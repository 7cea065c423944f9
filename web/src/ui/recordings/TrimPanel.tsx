import { useId } from 'react'
import { lengthOf, type Range, type Sound } from '../../recordings/sound'
import { moveEdge } from '../../recordings/trim'
import { clock } from '../parts/format'
import { useStrings } from '../strings'

export interface TrimPanelProps {
  sound: Sound
  range: Range
  onRange: (range: Range) => void
}

/** Where to cut, by two sliders. */
export function TrimPanel({ sound, range, onRange }: TrimPanelProps) {
  const { recordings: words } = useStrings()
  const id = useId()
  const length = lengthOf(sound)
  const { rateHz } = sound
  const edges = [
    { edge: 'from', label: words.trimStart },
    { edge: 'to', label: words.trimEnd },
  ] as const
  return (
    <fieldset className="trim">
      <legend>{words.trim}</legend>
      {edges.map(({ edge, label }) => (
        <div key={edge}>
          <label htmlFor={id + edge}>{label}</label>
          <input
            id={id + edge}
            type="range"
            min={0}
            max={length / rateHz}
            step={0.05}
            value={range[edge] / rateHz}
            aria-valuetext={seconds(range[edge] / rateHz)}
            onChange={(event) =>
              onRange(moveEdge(range, edge, Number(event.target.value), { length, rateHz }))
            }
          />
          <span className="value">{seconds(range[edge] / rateHz)}</span>
        </div>
      ))}
      <p className="fine-print">{words.trimmed(clock((range.to - range.from) / rateHz))}</p>
    </fieldset>
  )
}

/** 1:05.2 */
function seconds(value: number): string {
  return `${clock(value)}.${Math.floor((value * 10) % 10)}`
}
