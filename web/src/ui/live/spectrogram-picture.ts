import type { PlayedSpectra } from '../../audio/playback-node'

const COLUMNS = 300
const COLUMN_MS = 20
const ROWS = 72
const LOWEST_HZ = 80
const HIGHEST_HZ = 8000
const QUIETEST_DB = -100
const LOUDEST_DB = -30
const COLOURS = 64

/** What is in the picture: a ring of columns, painted with the oldest on the left. Mutates: its canvas. */
export class SpectrogramPicture {
  private readonly ring: HTMLCanvasElement
  private readonly column: ImageData
  private colours: Uint8ClampedArray[]
  private next = 0
  private takenAtMs = 0
  private bins: Float32Array<ArrayBuffer> = new Float32Array(0)

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.ring = document.createElement('canvas')
    this.ring.width = COLUMNS
    this.ring.height = 2 * ROWS
    this.column = new ImageData(1, 2 * ROWS)
    this.colours = coloursOf(canvas)
  }

  /** Takes what plays at `nowMs`, at most once in the time of a column. */
  takeColumn({ original, clean }: PlayedSpectra, nowMs: number): void {
    if (nowMs - this.takenAtMs < COLUMN_MS) return
    // A hidden page paints nothing; what it missed is not made up.
    this.takenAtMs = nowMs - this.takenAtMs > 10 * COLUMN_MS ? nowMs : this.takenAtMs + COLUMN_MS
    this.drawSide(original, 0)
    this.drawSide(clean, ROWS)
    this.ring.getContext('2d')?.putImageData(this.column, this.next % COLUMNS, 0)
    this.next += 1
  }

  paint(): void {
    const { canvas, ring } = this
    const context = canvas.getContext('2d')
    if (context === null) return
    const width = Math.round(canvas.clientWidth * devicePixelRatio)
    const height = Math.round(canvas.clientHeight * devicePixelRatio)
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    context.clearRect(0, 0, width, height)
    const split = this.next % COLUMNS
    const scale = width / COLUMNS
    const older = COLUMNS - split
    context.drawImage(ring, split, 0, older, 2 * ROWS, 0, 0, older * scale, height)
    if (split > 0) context.drawImage(ring, 0, 0, split, 2 * ROWS, older * scale, 0, split * scale, height)
  }

  /** The page has turned dark or light: what is still to come has the new colours. */
  recolour(): void {
    this.colours = coloursOf(this.canvas)
    this.paint()
  }

  private drawSide(analyser: AnalyserNode, top: number): void {
    const count = analyser.frequencyBinCount
    if (this.bins.length !== count) this.bins = new Float32Array(count)
    analyser.getFloatFrequencyData(this.bins)
    const binHz = analyser.context.sampleRate / 2 / count
    for (let row = 0; row < ROWS; row++) {
      const share = (ROWS - 1 - row) / (ROWS - 1)
      const bin = Math.round((LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** share) / binHz)
      const db = this.bins[Math.min(bin, count - 1)] ?? QUIETEST_DB
      const level = (db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)
      const colour = this.colours[Math.max(0, Math.min(COLOURS - 1, Math.floor(level * COLOURS)))]
      if (colour !== undefined) this.column.data.set(colour, 4 * (top + row))
    }
  }
}

/** From nothing over the accent to the ink, as the page has them now. */
function coloursOf(canvas: HTMLCanvasElement): Uint8ClampedArray[] {
  const style = getComputedStyle(canvas)
  const [accent, ink] = ['--accent', '--ink'].map((name) => channelsOf(style.getPropertyValue(name)))
  return Array.from({ length: COLOURS }, (_, index) => {
    const share = index / (COLOURS - 1)
    const warm = Math.max(0, (share - 0.55) / 0.45)
    const colour = new Uint8ClampedArray(4)
    for (let channel = 0; channel < 3; channel++)
      colour[channel] = (accent?.[channel] ?? 0) * (1 - warm) + (ink?.[channel] ?? 0) * warm
    colour[3] = 255 * Math.min(1, share * 1.6)
    return colour
  })
}

/** `#rrggbb` as three numbers. */
function channelsOf(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.trim().slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}
