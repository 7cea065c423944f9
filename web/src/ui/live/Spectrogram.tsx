import { useEffect, useRef } from 'react'
import type { PlayedSpectra } from '../../audio/playback-node'
import { useStrings } from '../strings'
import { SpectrogramPicture } from './spectrogram-picture'

const CALM_INTERVAL_MS = 1000

/** The last seconds of both signals as a scrolling picture: original above, clean below. */
export function Spectrogram({ spectra }: { spectra: PlayedSpectra | null }) {
  const { live } = useStrings()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const element = canvas.current
    if (element === null) return undefined
    const picture = new SpectrogramPicture(element)
    const repaint = () => picture.paint()
    const resizing = new ResizeObserver(repaint)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const recolour = () => picture.recolour()
    resizing.observe(element)
    scheme.addEventListener('change', recolour)
    const stop = spectra === null ? () => undefined : follow(picture, spectra)
    return () => {
      stop()
      resizing.disconnect()
      scheme.removeEventListener('change', recolour)
    }
  }, [spectra])
  return (
    <figure className="scope">
      <div className="scope-picture">
        <canvas ref={canvas} role="img" aria-label={live.spectrogram} />
        <span className="scope-label" aria-hidden="true">
          {live.original}
        </span>
        <span className="scope-label" aria-hidden="true">
          {live.clean}
        </span>
      </div>
    </figure>
  )
}

/** Takes a column at every frame of the screen; paints it, or where motion is unwelcome, once a second. */
function follow(picture: SpectrogramPicture, spectra: PlayedSpectra): () => void {
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  let paintedAt = 0
  let frame = 0
  const step = (now: number) => {
    frame = requestAnimationFrame(step)
    picture.takeColumn(spectra, now)
    if (calm.matches && now - paintedAt < CALM_INTERVAL_MS) return
    paintedAt = now
    picture.paint()
  }
  frame = requestAnimationFrame(step)
  return () => {
    cancelAnimationFrame(frame)
  }
}
