import { useState } from 'react'
import { cleanFile, HushboxError } from '../../client'
import { toWav, type Range, type Side, type Sound } from '../../recordings/sound'
import { saveBlob } from '../parts/save-blob'
import { Segments } from '../parts/Segments'
import { useStrings } from '../strings'

export interface SavePanelProps {
  sound: Sound
  range: Range
  name: string
  token: () => string
  onError: (error: HushboxError) => void
}

/** One side as a file, cut to the range. */
export function SavePanel({ sound, range, name, token, onError }: SavePanelProps) {
  const { live, recordings: words } = useStrings()
  const [side, setSide] = useState<Side>('clean')
  const [format, setFormat] = useState<'wav' | 'flac'>('wav')
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    try {
      const wav = toWav(sound, side, range)
      // With a limit of 0 dB the box gives back what it got, in the format that was asked for.
      const file =
        format === 'wav' ? wav : await cleanFile(wav, { token: token(), suppressionLimitDb: 0, format })
      saveBlob(file, `${fileName(name)}.${side}.${format}`)
    } catch (error) {
      onError(HushboxError.from(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <fieldset className="save">
      <legend>{words.saveTitle}</legend>
      <div className="row start">
        <Segments
          legend={words.downloadSide}
          name="save-side"
          choice={side}
          choices={{ clean: live.clean, original: live.original }}
          onChoose={setSide}
        />
        <Segments
          legend={words.format}
          name="save-format"
          choice={format}
          choices={{ wav: words.wav, flac: words.flac }}
          onChoose={setFormat}
        />
        <button type="button" className="primary" disabled={busy} onClick={() => void save()}>
          {busy ? words.saving : words.download}
        </button>
      </div>
      {format === 'flac' && <small>{words.flacHint}</small>}
    </fieldset>
  )
}

/** What no system minds in a file's name. */
function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N} .,-]+/gu, '-').trim() || 'hushbox'
}
