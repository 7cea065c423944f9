import { useState } from 'react'
import { DownloadLink } from './DownloadLink'
import { cleanName, clock } from './format'
import { Segments } from './Segments'
import { useObjectUrl } from './use-object-url'
import { useTwinPlayers } from './use-twin-players'

/** Plays the original and the clean file together and lets one of them be heard, at the same place. */
export function ComparePlayer({ original, clean }: { original: File; clean: Blob }) {
  const { clean: cleanRef, original: originalRef, ...twins } = useTwinPlayers()
  const cleanUrl = useObjectUrl(clean)
  const originalUrl = useObjectUrl(original)
  const [side, setSide] = useState<'clean' | 'original'>('clean')
  const [unplayable, setUnplayable] = useState(false)
  const choose = (next: typeof side) => {
    twins.lineUp()
    setSide(next)
  }
  return (
    <div className="compare">
      <p className="file-name">{original.name}</p>
      <audio ref={cleanRef} src={cleanUrl} muted={side !== 'clean'} {...twins.leaderEvents} />
      <audio
        ref={originalRef}
        src={originalUrl}
        muted={side !== 'original'}
        onError={() => setUnplayable(true)}
      />
      <div className="transport">
        <button
          type="button"
          className="round"
          onClick={twins.toggle}
          aria-label={twins.playing ? 'Pause' : 'Play'}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true" className="icon solid">
            <path d={twins.playing ? 'M4 3h3v10H4zM9 3h3v10H9z' : 'M5 2.5v11l8.5-5.5z'} />
          </svg>
        </button>
        <input
          type="range"
          min={0}
          max={twins.lengthS}
          step="any"
          value={twins.nowS}
          aria-label="Position"
          aria-valuetext={`${clock(twins.nowS)} of ${clock(twins.lengthS)}`}
          onChange={(event) => twins.seek(Number(event.target.value))}
        />
        <span className="value">
          {clock(twins.nowS)} / {clock(twins.lengthS)}
        </span>
      </div>
      <div className="row">
        <Segments legend="What you hear of the file" name="side" choice={side} onChoose={choose} />
        <DownloadLink blob={clean} name={cleanName(original.name)}>
          Download clean WAV
        </DownloadLink>
      </div>
      {unplayable && (
        <p className="fine-print">This browser cannot play the original’s format, only the clean file.</p>
      )}
    </div>
  )
}
