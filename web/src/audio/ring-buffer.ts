/**
 * A fixed-capacity queue of samples that never allocates after construction.
 *
 * Thread: one thread only. Mutates: itself.
 */
export class RingBuffer {
  private readonly samples: Float32Array
  private readIndex = 0
  private count = 0

  constructor(readonly capacity: number) {
    this.samples = new Float32Array(capacity)
  }

  get size(): number {
    return this.count
  }

  get free(): number {
    return this.capacity - this.count
  }

  /** Appends one sample; the caller has checked `free`. */
  push(sample: number): void {
    this.samples[(this.readIndex + this.count) % this.capacity] = sample
    this.count += 1
  }

  /** The sample `offset` places behind the oldest one; 0 beyond the end. */
  peek(offset: number): number {
    if (offset >= this.count) return 0
    return this.samples[(this.readIndex + offset) % this.capacity] ?? 0
  }

  /** Overwrites the sample `offset` places behind the oldest one, which must exist. */
  replace(offset: number, sample: number): void {
    this.samples[(this.readIndex + offset) % this.capacity] = sample
  }

  /** Removes and returns the oldest sample; 0 when empty. */
  shift(): number {
    const sample = this.peek(0)
    this.skip(1)
    return sample
  }

  /** Removes up to `samples` of the oldest samples. */
  skip(samples: number): void {
    const skipped = Math.min(samples, this.count)
    this.readIndex = (this.readIndex + skipped) % this.capacity
    this.count -= skipped
  }

  clear(): void {
    this.skip(this.count)
  }
}
