export interface SegmentsProps<Choice extends string> {
  legend: string
  /** Name of the radio group, unique on the page. */
  name: string
  /** Null where none of the choices is the present one. */
  choice: Choice | null
  /** What each choice is called. */
  choices: Readonly<Record<Choice, string>>
  onChoose: (choice: Choice) => void
  disabled?: boolean
}

/** A choice of a few, side by side. */
export function Segments<Choice extends string>(props: SegmentsProps<Choice>) {
  const { legend, name, choice, choices, onChoose, disabled = false } = props
  return (
    <fieldset className="segments" disabled={disabled}>
      <legend className="unseen">{legend}</legend>
      {(Object.keys(choices) as Choice[]).map((side) => (
        <label key={side}>
          <input type="radio" name={name} checked={choice === side} onChange={() => onChoose(side)} />
          <span>{choices[side]}</span>
        </label>
      ))}
    </fieldset>
  )
}
