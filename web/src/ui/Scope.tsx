import { useEffect, useRef } from 'react'
import type { PeakHistory } from '../audio/peak-history'
import { barShare } from './bar-share'

const BAR_PX = 2
const GAP_PX = 1
const CALM_INTERVAL_MS = 1000

/** The last seconds as bars: the original in grey, and inside it what is left after cleaning. */
export function Scope({ peaks, running }: { peaks: PeakHistory; running: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const element = canvas.current
    if (element === null) return undefined
    const calm = matchMedia('(prefers-reduced-motion: reduce)')
    let frame = 0
    let paintedCount = -1
    let paintedAt = 0
    const paint = (now: number) => {
      frame = requestAnimationFrame(paint)
      const dueMs = calm.matches ? CALM_INTERVAL_MS : 0
      if (peaks.count === paintedCount || now - paintedAt < dueMs) return
      paintedCount = peaks.count
      paintedAt = now
      draw(element, peaks)
    }
    const repaint = () => {
      draw(element, peaks)
    }
    const resizing = new ResizeObserver(repaint)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    resizing.observe(element)
    scheme.addEventListener('change', repaint)
    if (running) frame = requestAnimationFrame(paint)
    return () => {
      cancelAnimationFrame(frame)
      resizing.disconnect()
      scheme.removeEventListener('change', repaint)
    }
  }, [peaks, running])
  return (
    <figure className="scope">
      <canvas ref={canvas} role="img" aria-label="The last five seconds: original in grey, clean in colour" />
      <figcaption>
        <span className="key original">original</span>
        <span className="key clean">clean</span>
      </figcaption>
    </figure>
  )
}

function draw(canvas: HTMLCanvasElement, peaks: PeakHistory): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const ratio = devicePixelRatio
  const { clientWidth: width, clientHeight: height } = canvas
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  context.scale(ratio, ratio)
  const colors = getComputedStyle(canvas)
  const step = BAR_PX + GAP_PX
  const bars = Math.min(peaks.length, Math.floor(width / step))
  const layers = [
    { color: colors.getPropertyValue('--noise'), peak: (age: number) => peaks.original(age) },
    { color: colors.getPropertyValue('--accent'), peak: (age: number) => peaks.clean(age) },
  ]
  for (const { color, peak } of layers) {
    context.fillStyle = color
    for (let age = 0; age < bars; age++) {
      const barHeight = Math.max(1, barShare(peak(age)) * height)
      context.fillRect(width - (age + 1) * step, (height - barHeight) / 2, BAR_PX, barHeight)
    }
  }
}
