import type { Microphone } from '../../audio/microphone'
import { useStrings } from '../strings'

/** What the browser does to the microphone before Hushbox gets it. */
export function MicrophoneNote({ microphone }: { microphone: Microphone | null }) {
  const { live } = useStrings()
  if (microphone === null) return null
  const { channels, label, leftOn } = microphone
  return (
    <p className="fine-print">
      {label !== '' && `${live.microphone}: ${label}. `}
      {leftOn.length === 0 ? live.processingOff : live.processingOn(leftOn)}
      {channels !== null && channels > 1 && ` ${live.mixedToOne(channels)}`}
    </p>
  )
}
