import { useState } from 'react'
import type { Hearing } from '../../audio/playback-node'
import { Segments } from '../parts/Segments'
import { useStrings } from '../strings'
import { useCompareKeys } from './use-compare-keys'

export interface HearControlsProps {
  hearing: Hearing
  onHear: (hearing: Hearing) => void
}

/** Listen on or off, and which of the two signals; they run aligned and equally loud, so switching shifts nothing. */
export function HearControls({ hearing, onHear }: HearControlsProps) {
  const { live } = useStrings()
  const [choice, setChoice] = useState<'clean' | 'original'>('clean')
  const listening = hearing !== 'nothing'
  const choose = (next: typeof choice) => {
    setChoice(next)
    if (listening) onHear(next)
  }
  const hold = (held: boolean) => {
    if (listening) onHear(held ? 'original' : choice)
  }
  const toggle = () => choose(choice === 'clean' ? 'original' : 'clean')
  useCompareKeys({ onHold: hold, onToggle: toggle })
  return (
    <div className="hear">
      <div className="row">
        <label className="toggle">
          <input
            type="checkbox"
            role="switch"
            checked={listening}
            onChange={() => onHear(listening ? 'nothing' : choice)}
          />
          <span>
            {live.listen}
            <small>{live.headphones}</small>
          </span>
        </label>
        <Segments
          legend={live.whatYouHear}
          name="hear"
          choice={choice}
          choices={{ clean: live.clean, original: live.original }}
          onChoose={choose}
          disabled={!listening}
        />
      </div>
      <HoldButton disabled={!listening} onHold={hold} />
    </div>
  )
}

function HoldButton({ disabled, onHold }: { disabled: boolean; onHold: (held: boolean) => void }) {
  const { live } = useStrings()
  const isPress = (key: string) => key === ' ' || key === 'Enter'
  return (
    <p className="compare-hold">
      <button
        type="button"
        disabled={disabled}
        aria-describedby="compare-hint"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          onHold(true)
        }}
        onPointerUp={() => onHold(false)}
        onPointerCancel={() => onHold(false)}
        onKeyDown={(event) => {
          if (isPress(event.key) && !event.repeat) onHold(true)
        }}
        onKeyUp={(event) => {
          if (isPress(event.key)) onHold(false)
        }}
        onBlur={() => onHold(false)}
        onContextMenu={(event) => event.preventDefault()}
      >
        {live.compare}
      </button>
      <small id="compare-hint">{live.compareHint}</small>
    </p>
  )
}
