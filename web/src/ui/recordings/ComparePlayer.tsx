import { useEffect, useMemo, useRef, useState } from 'react'
import { lengthOf, type Range, type Sound } from '../../recordings/sound'
import { TwinPlayer } from '../../recordings/twin-player'
import { useCompareKeys } from '../live/use-compare-keys'
import { clock } from '../parts/format'
import { Segments } from '../parts/Segments'
import { useStrings } from '../strings'
import { Waveform } from './Waveform'

/** Plays both sides in step and lets one of them be heard, at the same place and equally loud. */
export function ComparePlayer({ sound, range }: { sound: Sound; range: Range }) {
  const { live, recordings: words } = useStrings()
  const player = useTwinPlayer(sound)
  const lengthS = lengthOf(sound) / sound.rateHz
  const before = useRef(player.side)
  useCompareKeys({
    onHold: (held) => {
      if (held) before.current = player.side
      player.hear(held ? 'original' : before.current)
    },
    onToggle: () => player.hear(player.side === 'clean' ? 'original' : 'clean'),
  })
  return (
    <div className="compare">
      <Waveform sound={sound} player={player} range={range} />
      <div className="transport">
        <button
          type="button"
          className="round"
          onClick={() => player.toggle()}
          aria-label={player.playing ? words.pause : words.play}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true" className="icon solid">
            <path d={player.playing ? 'M4 3h3v10H4zM9 3h3v10H9z' : 'M5 2.5v11l8.5-5.5z'} />
          </svg>
        </button>
        <input
          type="range"
          min={0}
          max={lengthS}
          step="any"
          value={player.seconds}
          aria-label={words.position}
          aria-valuetext={words.positionText(clock(player.seconds), clock(lengthS))}
          onChange={(event) => player.seek(Number(event.target.value))}
        />
        <span className="value">
          {clock(player.seconds)} / {clock(lengthS)}
        </span>
      </div>
      <Segments
        legend={words.whatYouHear}
        name="side"
        choice={player.side}
        choices={{ clean: live.clean, original: live.original }}
        onChoose={(side) => player.hear(side)}
      />
    </div>
  )
}

/** A player for the sound, closed when another sound comes or the page goes on; renders again whenever it changes. */
function useTwinPlayer(sound: Sound): TwinPlayer {
  const player = useMemo(() => new TwinPlayer(sound), [sound])
  const [, countChange] = useState(0)
  useEffect(() => {
    const stop = player.on('change', () => countChange((count) => count + 1))
    return () => {
      stop()
      player.close()
    }
  }, [player])
  return player
}
