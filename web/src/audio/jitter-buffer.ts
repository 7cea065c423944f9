import { toFloat } from './pcm'
import { RingBuffer } from './ring-buffer'

export interface JitterBufferStats {
  depthSamples: number
  /** How long the first sample of a packet waits until it is played, smoothed. */
  waitSamples: number
  targetSamples: number
  underruns: number
  trimmedSamples: number
}

const CAPACITY_S = 2
// Answers come up to one hop of the model (16 ms) early or late, so one packet of reserve is not enough to start with.
const FIRST_TARGET_MS = 60
const LEAST_TARGET_MS = 20
const MOST_TARGET_MS = 300
const STEP_MS = 20
const SPARE_MS = 10
const REVIEW_S = 4
/** So much beyond the target is no reserve, but what came while the audio thread stood still. */
const LARGE_SURPLUS_MS = 100
const SHORT_REVIEW_S = 0.5
const FADE_MS = 5
const WAIT_SMOOTHING = 0.1

/**
 * Plays clean and original samples side by side, so that switching between them never shifts time.
 *
 * It waits until `target` samples are buffered, then plays without a break. When it runs dry (an underrun) it fades out,
 * raises its target and fills up again. When more than a packet was spare for four seconds, or much more for half a
 * second, it lets the surplus go in a short cross-fade, so that delay comes down again. Allocates nothing after construction.
 *
 * Thread: the audio thread. Mutates: itself and the arrays given to `pull`.
 */
export class JitterBuffer {
  private readonly wet: RingBuffer
  private readonly dry: RingBuffer
  private readonly fadeSamples: number
  private targetSamples: number
  private playing = false
  private underruns = 0
  private trimmedSamples = 0
  private waitSamples = 0
  private leastDepth = Infinity
  private leastDepthLately = Infinity
  private samplesUntilReview: number
  private samplesUntilShortReview: number

  constructor(private readonly rateHz: number) {
    this.wet = new RingBuffer(rateHz * CAPACITY_S)
    this.dry = new RingBuffer(rateHz * CAPACITY_S)
    this.fadeSamples = this.samplesOf(FADE_MS)
    this.targetSamples = this.samplesOf(FIRST_TARGET_MS)
    this.samplesUntilReview = rateHz * REVIEW_S
    this.samplesUntilShortReview = rateHz * SHORT_REVIEW_S
  }

  /** Adds the first `samples` 16-bit samples of each; a full buffer lets its oldest ones go. */
  push(wet: Int16Array, dry: Int16Array, samples = wet.length): void {
    const surplus = samples - this.wet.free
    if (surplus > 0) this.discard(surplus)
    this.waitSamples += WAIT_SMOOTHING * (this.wet.size - this.waitSamples)
    for (let i = 0; i < samples; i++) {
      this.wet.push(toFloat(wet[i] ?? 0))
      this.dry.push(toFloat(dry[i] ?? 0))
    }
  }

  /** Fills `wetOut` and `dryOut` (same length) with the next samples, or with silence while filling up. */
  pull(wetOut: Float32Array, dryOut: Float32Array): void {
    const wanted = wetOut.length
    const starting = !this.playing && this.wet.size >= Math.max(this.targetSamples, wanted)
    if (starting) this.playing = true
    const available = this.playing ? Math.min(wanted, this.wet.size) : 0
    for (let i = 0; i < wanted; i++) {
      wetOut[i] = i < available ? this.wet.shift() : 0
      dryOut[i] = i < available ? this.dry.shift() : 0
    }
    if (!this.playing) return
    if (starting) fade(wetOut, dryOut, available, 0, 1)
    if (available < wanted) this.runDry(wetOut, dryOut, available)
    else this.review(wanted)
  }

  /** Forgets everything that waits, for a new stream; counts stay. */
  clear(): void {
    this.wet.clear()
    this.dry.clear()
    this.playing = false
    this.restartReview()
  }

  /** Writes the present counts into `stats`, so that the caller can reuse one object. */
  report(stats: JitterBufferStats): void {
    stats.depthSamples = this.wet.size
    stats.waitSamples = this.waitSamples
    stats.targetSamples = this.targetSamples
    stats.underruns = this.underruns
    stats.trimmedSamples = this.trimmedSamples
  }

  private runDry(wetOut: Float32Array, dryOut: Float32Array, available: number): void {
    fade(wetOut, dryOut, available, 1, 0)
    this.playing = false
    this.underruns += 1
    this.targetSamples = Math.min(
      this.targetSamples + this.samplesOf(STEP_MS),
      this.samplesOf(MOST_TARGET_MS),
    )
    this.restartReview()
  }

  private review(played: number): void {
    this.reviewLately(played)
    this.leastDepth = Math.min(this.leastDepth, this.wet.size)
    this.samplesUntilReview -= played
    if (this.samplesUntilReview > 0) return
    const surplus = this.leastDepth - this.samplesOf(SPARE_MS)
    if (surplus > this.samplesOf(STEP_MS)) {
      this.trim(surplus)
      this.targetSamples = Math.max(
        this.targetSamples - this.samplesOf(STEP_MS),
        this.samplesOf(LEAST_TARGET_MS),
      )
    }
    this.restartReview()
  }

  private reviewLately(played: number): void {
    this.leastDepthLately = Math.min(this.leastDepthLately, this.wet.size)
    this.samplesUntilShortReview -= played
    if (this.samplesUntilShortReview > 0) return
    const surplus = this.leastDepthLately - this.targetSamples
    if (surplus > this.samplesOf(LARGE_SURPLUS_MS)) this.trim(surplus)
    this.restartShortReview()
  }

  private trim(surplus: number): void {
    const fadeSamples = Math.min(this.fadeSamples, this.wet.size - surplus)
    crossfadeOver(this.wet, surplus, fadeSamples)
    crossfadeOver(this.dry, surplus, fadeSamples)
    this.trimmedSamples += surplus
  }

  private discard(surplus: number): void {
    this.wet.skip(surplus)
    this.dry.skip(surplus)
    this.trimmedSamples += surplus
  }

  private restartReview(): void {
    this.leastDepth = Infinity
    this.samplesUntilReview = this.rateHz * REVIEW_S
    this.restartShortReview()
  }

  private restartShortReview(): void {
    this.leastDepthLately = Infinity
    this.samplesUntilShortReview = this.rateHz * SHORT_REVIEW_S
  }

  private samplesOf(ms: number): number {
    return Math.round((ms * this.rateHz) / 1000)
  }
}

function fade(wet: Float32Array, dry: Float32Array, length: number, from: number, to: number): void {
  for (let i = 0; i < length; i++) {
    const gain = from + ((to - from) * (i + 1)) / length
    wet[i] = (wet[i] ?? 0) * gain
    dry[i] = (dry[i] ?? 0) * gain
  }
}

/** Removes `surplus` samples from the front, blending what was about to play into what plays instead. */
function crossfadeOver(ring: RingBuffer, surplus: number, fadeSamples: number): void {
  for (let i = 0; i < fadeSamples; i++) {
    const share = (i + 1) / (fadeSamples + 1)
    ring.replace(surplus + i, ring.peek(i) * (1 - share) + ring.peek(surplus + i) * share)
  }
  ring.skip(surplus)
}
