/**
 * Gives back the original samples as late as the box gives back the clean ones, so that both line up sample by sample.
 *
 * Positions count samples since the start of the stream: packet `k` starts at `k * packetSamples`. Packets that were
 * never written read as silence, as the box fills them.
 */
export class DryDelayLine {
  private readonly samples: Int16Array
  private writtenUntil = 0

  constructor(
    private readonly delaySamples: number,
    historySamples: number,
  ) {
    this.samples = new Int16Array(historySamples + delaySamples)
  }

  /** Stores the input samples that start at `position`; positions only go forward. */
  write(position: number, input: Int16Array): void {
    const length = this.samples.length
    for (let i = Math.max(this.writtenUntil, position - length); i < position; i++)
      this.samples[i % length] = 0
    for (let i = 0; i < input.length; i++) this.samples[(position + i) % length] = input[i] ?? 0
    this.writtenUntil = position + input.length
  }

  /** The `count` input samples that belong to the clean ones which start at `position`. */
  read(position: number, count: number): Int16Array {
    const length = this.samples.length
    const aligned = new Int16Array(count)
    for (let i = 0; i < count; i++) {
      const source = position + i - this.delaySamples
      const known = source >= 0 && source < this.writtenUntil && source >= this.writtenUntil - length
      if (known) aligned[i] = this.samples[source % length] ?? 0
    }
    return aligned
  }
}
