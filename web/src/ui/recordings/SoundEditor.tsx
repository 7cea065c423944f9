import { useState } from 'react'
import type { HushboxError } from '../../client'
import { lengthOf, type Range, type Sound } from '../../recordings/sound'
import { AgainPanel } from './AgainPanel'
import { ComparePlayer } from './ComparePlayer'
import { SavePanel } from './SavePanel'
import { TrimPanel } from './TrimPanel'

export interface SoundEditorProps {
  sound: Sound
  /** What the files are called. */
  name: string
  /** The limit that the clean side was made with. */
  limitDb: number | null
  token: () => string
  onError: (error: HushboxError) => void
  /** The clean side was made anew at `limitDb`. */
  onRedone: (sound: Sound, limitDb: number | null) => void
}

/** Hear both sides, cut, save, and clean once more. */
export function SoundEditor({ sound, name, limitDb, token, onError, onRedone }: SoundEditorProps) {
  const [range, setRange] = useState<Range>({ from: 0, to: lengthOf(sound) })
  return (
    <>
      <ComparePlayer sound={sound} range={range} />
      <TrimPanel sound={sound} range={range} onRange={setRange} />
      <SavePanel sound={sound} range={range} name={name} token={token} onError={onError} />
      <AgainPanel sound={sound} limitDb={limitDb} token={token} onError={onError} onRedone={onRedone} />
    </>
  )
}
