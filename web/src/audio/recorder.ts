/** Takes the parts of a recording as they become full. */
export interface RecordingSink {
  /** One part: clean on the left, original on the right, 16-bit; and where sound is missing before it. */
  write(part: Int16Array<ArrayBuffer>, gaps: readonly Gap[]): void
  /** No more parts will come. */
  close(): void
}

/** Sound that never arrived, because the box could not be reached: where in the recording, and how long it took. */
export interface Gap {
  atSample: number
  seconds: number
}

const PART_S = 1

/**
 * Folds what was received and the original beside it into parts of a second, up to `maxSeconds`, for a sink that
 * keeps them. Both lie in one stereo track, so they can never come apart.
 */
export class Recorder {
  private readonly part: Int16Array<ArrayBuffer>
  private filled = 0
  private samples = 0
  private gaps: Gap[] = []

  constructor(
    private readonly rateHz: number,
    private readonly sink: RecordingSink,
    private readonly maxSeconds = 1800,
  ) {
    this.part = new Int16Array(2 * rateHz * PART_S)
  }

  get seconds(): number {
    return this.samples / this.rateHz
  }

  get full(): boolean {
    return this.seconds >= this.maxSeconds
  }

  /** Adds one packet of each, aligned in time; a full recorder takes no more. */
  add(wet: Int16Array, dry: Int16Array): void {
    if (this.full) return
    for (let i = 0; i < wet.length; i++) {
      this.part[this.filled] = wet[i] ?? 0
      this.part[this.filled + 1] = dry[i] ?? 0
      this.filled += 2
      if (this.filled === this.part.length) this.fold()
    }
    this.samples += wet.length
  }

  /** Notes that `seconds` of sound are missing here. */
  markGap(seconds: number): void {
    this.gaps.push({ atSample: this.samples, seconds })
  }

  finish(): void {
    if (this.filled > 0) this.fold()
    this.sink.close()
  }

  private fold(): void {
    this.sink.write(this.part.slice(0, this.filled), this.gaps)
    this.gaps = []
    this.filled = 0
  }
}
