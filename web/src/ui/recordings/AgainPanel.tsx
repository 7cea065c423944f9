import { useState } from 'react'
import { cleanFile, HushboxError } from '../../client'
import { lengthOf, samplesOfWav, toWav, withClean, type Sound } from '../../recordings/sound'
import { StrengthControl } from '../live/StrengthControl'
import { useStrings } from '../strings'

export interface AgainPanelProps {
  sound: Sound
  limitDb: number | null
  token: () => string
  onError: (error: HushboxError) => void
  onRedone: (sound: Sound, limitDb: number | null) => void
}

/** Sends the original through the box once more, at another strength. */
export function AgainPanel({ sound, limitDb, token, onError, onRedone }: AgainPanelProps) {
  const { live, recordings: words } = useStrings()
  const [wanted, setWanted] = useState(limitDb)
  const [done, setDone] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const redo = async () => {
    setBusy(true)
    setDone(null)
    try {
      const original = toWav(sound, 'original', { from: 0, to: lengthOf(sound) })
      const clean = await cleanFile(original, { token: token(), suppressionLimitDb: wanted })
      onRedone(withClean(sound, await samplesOfWav(clean), 0), wanted)
      setDone(words.againDone(wanted === null ? live.noLimit : live.decibels(wanted)))
    } catch (error) {
      onError(HushboxError.from(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <details className="again">
      <summary>{words.again}</summary>
      <p className="fine-print">{words.againHint}</p>
      <StrengthControl limitDb={wanted} onChange={setWanted} />
      <button type="button" disabled={busy} onClick={() => void redo()}>
        {busy ? words.againBusy : words.againDo}
      </button>
      <p className="fine-print" role="status">
        {done}
      </p>
    </details>
  )
}
