import type { Truth } from '../../client'
import { useStrings } from '../strings'

export interface NoiseSwitchProps {
  truth: Truth
  status: string
  /** Not the moment to press; the button keeps its focus all the same. */
  disabled: boolean
  onToggle: () => void
}

/**
 * The large switch. It looks and reads as on only while noise is really being removed: between on and off it is
 * mixed, which a checkbox may be and the role `switch` may not, and the line beneath says why.
 */
export function NoiseSwitch({ truth, status, disabled, onToggle }: NoiseSwitchProps) {
  const { live } = useStrings()
  const checked = truth === 'off' ? false : truth === 'on' ? true : 'mixed'
  return (
    <div className="noise-switch">
      <button
        type="button"
        role="checkbox"
        aria-checked={checked}
        aria-describedby="truth"
        aria-disabled={disabled}
        onClick={() => {
          if (!disabled) onToggle()
        }}
      >
        <span className="track" aria-hidden="true">
          <span className="knob" />
        </span>
        <span className="name">{live.removeNoise}</span>
      </button>
      <p id="truth" role="status" className="truth">
        {status}
      </p>
    </div>
  )
}
