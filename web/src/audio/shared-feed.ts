import type { JitterBuffer } from './jitter-buffer'
import { NOTHING, RingReader, RingWriter } from './shared-ring'

const LONGEST_PACKET_MS = 100
const EMPTY = new Int16Array(0)

/** Feeds a jitter buffer from memory that the other thread writes: a record is a packet of both signals, an empty one a fresh start. */
export class FeedReader {
  private readonly ring: RingReader
  private readonly wet: Int16Array
  private readonly dry: Int16Array

  constructor(
    memory: SharedArrayBuffer,
    rateHz: number,
    private readonly buffer: JitterBuffer,
  ) {
    this.ring = new RingReader(memory)
    this.wet = new Int16Array(Math.ceil((rateHz * LONGEST_PACKET_MS) / 1000))
    this.dry = new Int16Array(this.wet.length)
  }

  /** Takes all that has come. Thread: the audio thread. Mutates: the jitter buffer. */
  drain(): void {
    if (this.ring.dropStale()) this.buffer.clear()
    for (let words = this.ring.next(); words !== NOTHING; words = this.ring.next()) {
      this.ring.read(this.wet, this.dry)
      if (words === 0) this.buffer.clear()
      else this.buffer.push(this.wet, this.dry, Math.min(words / 2, this.wet.length))
    }
  }
}

/** The other end of it. Thread: the page's. */
export class FeedWriter {
  private readonly ring: RingWriter

  constructor(memory: SharedArrayBuffer) {
    this.ring = new RingWriter(memory)
  }

  /** Adds one packet of each signal, of the same length. What nobody took for so long that it is full is not worth hearing. */
  play(wet: Int16Array, dry: Int16Array): void {
    if (!this.ring.write(wet, dry)) this.ring.markStale()
  }

  /** Lets all that waits go, and what already was taken. */
  clear(): void {
    if (!this.ring.write(EMPTY)) this.ring.markStale()
  }
}
