import { useEffect, useRef, useState } from 'react'

const NO_LIMIT = 41
const SETTLE_MS = 120

/** The suppression limit: 0 to 40 dB, and one step further no limit at all. */
export function StrengthSlider({ onCommit }: { onCommit: (limitDb: number | null) => void }) {
  const [position, setPosition] = useState(NO_LIMIT)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const text = position === NO_LIMIT ? 'no limit' : `${position} dB`

  useEffect(
    () => () => {
      clearTimeout(timer.current)
    },
    [],
  )

  const move = (next: number) => {
    setPosition(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      onCommit(next === NO_LIMIT ? null : next)
    }, SETTLE_MS)
  }

  return (
    <div className="strength">
      <label htmlFor="strength">Remove at most</label>
      <output htmlFor="strength">{text}</output>
      <input
        id="strength"
        type="range"
        min={0}
        max={NO_LIMIT}
        step={1}
        value={position}
        aria-valuetext={text}
        onChange={(event) => move(Number(event.target.value))}
      />
      <p className="fine-print">Less leaves some of the room in, and sounds more natural.</p>
    </div>
  )
}
