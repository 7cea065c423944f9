import type { BrowserProcessing, Microphone } from '../audio/microphone'

const NAMES: Record<BrowserProcessing, string> = {
  noiseSuppression: 'noise suppression',
  echoCancellation: 'echo cancellation',
  autoGainControl: 'gain control',
}

/** What the browser does to the microphone before Hushbox gets it. */
export function MicrophoneNote({ microphone }: { microphone: Microphone | null }) {
  if (microphone === null) return null
  const { channels, label, leftOn } = microphone
  return (
    <p className="fine-print">
      {label !== '' && <>Microphone: {label}. </>}
      {leftOn.length === 0
        ? 'The browser’s own sound processing is off.'
        : `The browser left its own ${leftOn.map((name) => NAMES[name]).join(' and ')} on.`}
      {channels !== null && channels > 1 && ` Its ${channels} channels are mixed to one.`}
    </p>
  )
}
