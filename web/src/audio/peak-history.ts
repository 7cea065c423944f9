import { toFloat } from './pcm'

/** The peaks of the last packets, original and clean, for a picture of the sound. */
export class PeakHistory {
  private readonly originalPeaks: Float32Array
  private readonly cleanPeaks: Float32Array
  /** Packets seen so far; tells a painter whether anything is new. */
  count = 0

  constructor(readonly length: number) {
    this.originalPeaks = new Float32Array(length)
    this.cleanPeaks = new Float32Array(length)
  }

  add(wet: Int16Array, dry: Int16Array): void {
    const index = this.count % this.length
    this.originalPeaks[index] = peakOf(dry)
    this.cleanPeaks[index] = peakOf(wet)
    this.count += 1
  }

  /** The peak `age` packets ago (0 = newest) in [0, 1]; 0 where nothing was heard yet. */
  original(age: number): number {
    return this.at(this.originalPeaks, age)
  }

  clean(age: number): number {
    return this.at(this.cleanPeaks, age)
  }

  private at(peaks: Float32Array, age: number): number {
    const index = this.count - 1 - age
    if (index < 0 || age >= this.length) return 0
    return peaks[index % this.length] ?? 0
  }
}

function peakOf(samples: Int16Array): number {
  let peak = 0
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample))
  return toFloat(peak)
}
