import { useState } from 'react'
import type { Hearing } from '../audio/playback-node'
import { Segments } from './Segments'

export interface HearControlsProps {
  hearing: Hearing
  onHear: (hearing: Hearing) => void
}

/** Listen on or off, and which of the two signals; they run aligned, so switching shifts nothing. */
export function HearControls({ hearing, onHear }: HearControlsProps) {
  const [choice, setChoice] = useState<'clean' | 'original'>('clean')
  const listening = hearing !== 'nothing'
  const choose = (next: typeof choice) => {
    setChoice(next)
    if (listening) onHear(next)
  }
  return (
    <div className="row hear">
      <label className="toggle">
        <input
          type="checkbox"
          role="switch"
          checked={listening}
          onChange={() => onHear(listening ? 'nothing' : choice)}
        />
        <span>
          Listen
          <small>Use headphones: a loudspeaker would feed back.</small>
        </span>
      </label>
      <Segments legend="What you hear" name="hear" choice={choice} onChoose={choose} disabled={!listening} />
    </div>
  )
}
