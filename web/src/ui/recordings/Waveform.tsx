import { useEffect, useRef } from 'react'
import WaveSurfer from 'wavesurfer.js'
import { lengthOf, peaksOf, type Range, type Sound } from '../../recordings/sound'
import type { TwinPlayer } from '../../recordings/twin-player'
import { useStrings } from '../strings'
import shadowStyle from './waveform-shadow.css?inline'

const PEAKS = 1200

export interface WaveformProps {
  sound: Sound
  player: TwinPlayer
  range: Range
}

/** The clean side of a sound as a picture; a click goes to that place. What will be cut off is veiled. */
export function Waveform({ sound, player, range }: WaveformProps) {
  const { recordings: words } = useStrings()
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (place.current === null) return undefined
    const style = getComputedStyle(place.current)
    const wave = WaveSurfer.create({
      container: place.current,
      media: player.media,
      peaks: [peaksOf(sound, 'clean', PEAKS)],
      duration: lengthOf(sound) / sound.rateHz,
      height: 96,
      waveColor: style.getPropertyValue('--noise'),
      progressColor: style.getPropertyValue('--accent'),
      cursorColor: style.getPropertyValue('--ink'),
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      normalize: true,
      dragToSeek: true,
    })
    const root = wave.getWrapper().getRootNode()
    if (root instanceof ShadowRoot) root.adoptedStyleSheets = [sheetOf(shadowStyle)]
    return () => {
      wave.destroy()
    }
  }, [sound, player])
  const length = lengthOf(sound)
  return (
    <div className="waveform" role="img" aria-label={words.waveform}>
      <div ref={place} />
      <span className="veil before" style={{ width: `${(100 * range.from) / length}%` }} />
      <span className="veil after" style={{ width: `${100 - (100 * range.to) / length}%` }} />
    </div>
  )
}

/** The box's security policy allows no style elements; a sheet made by the page itself it does. */
function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(css)
  return sheet
}
