const TEXTS = { clean: 'Clean', original: 'Original' }

export interface SegmentsProps {
  legend: string
  /** Name of the radio group, unique on the page. */
  name: string
  choice: 'clean' | 'original'
  onChoose: (choice: 'clean' | 'original') => void
  disabled?: boolean
}

/** The switch between clean and original. */
export function Segments({ legend, name, choice, onChoose, disabled = false }: SegmentsProps) {
  return (
    <fieldset className="segments" disabled={disabled}>
      <legend className="unseen">{legend}</legend>
      {(['clean', 'original'] as const).map((side) => (
        <label key={side}>
          <input type="radio" name={name} checked={choice === side} onChange={() => onChoose(side)} />
          <span>{TEXTS[side]}</span>
        </label>
      ))}
    </fieldset>
  )
}
