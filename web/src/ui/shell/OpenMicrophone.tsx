import { useEffect } from 'react'
import type { LiveVoice } from '../../client'
import { useLive } from '../live/use-live'
import { useStrings } from '../strings'

/** A sign while the microphone is open, wherever in the page one is; the tab of the browser has one, too. */
export function OpenMicrophone({ live }: { live: LiveVoice }) {
  const { shell } = useStrings()
  const { truth } = useLive(live)
  useEffect(() => {
    document.title = truth === 'off' ? 'Hushbox' : '● Hushbox'
    return () => {
      document.title = 'Hushbox'
    }
  }, [truth])
  if (truth === 'off') return null
  return (
    <span className="open-microphone">
      <span className="unseen">{shell.microphoneOpen}</span>
    </span>
  )
}
