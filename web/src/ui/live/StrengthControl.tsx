import { useId } from 'react'
import { Segments } from '../parts/Segments'
import { useStrings } from '../strings'

export interface StrengthControlProps {
  /** 0 to 40 dB, or null for no limit. */
  limitDb: number | null
  onChange: (limitDb: number | null) => void
}

const PRESETS = { gentle: 10, speech: 20, strong: null } as const
type Preset = keyof typeof PRESETS

const NO_LIMIT = 41

/** The suppression limit: three presets, and a slider of 0 to 40 dB and one step further no limit at all. */
export function StrengthControl({ limitDb, onChange }: StrengthControlProps) {
  const { live } = useStrings()
  const id = useId()
  const position = limitDb ?? NO_LIMIT
  const move = (next: number) => onChange(next === NO_LIMIT ? null : next)
  const text = position === NO_LIMIT ? live.noLimit : live.decibels(position)
  const names = Object.keys(PRESETS) as Preset[]
  return (
    <div className="strength">
      <label htmlFor={id}>{live.strength}</label>
      <output htmlFor={id}>{text}</output>
      <Segments
        legend={live.presets}
        name={`preset-${id}`}
        choice={names.find((name) => (PRESETS[name] ?? NO_LIMIT) === position) ?? null}
        choices={{ gentle: live.gentle, speech: live.speech, strong: live.strong }}
        onChoose={(name) => move(PRESETS[name] ?? NO_LIMIT)}
      />
      <input
        id={id}
        type="range"
        min={0}
        max={NO_LIMIT}
        step={1}
        value={position}
        aria-valuetext={text}
        onChange={(event) => move(Number(event.target.value))}
      />
      <p className="fine-print">{live.strengthHint}</p>
    </div>
  )
}
