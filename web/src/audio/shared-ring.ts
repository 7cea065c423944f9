const WRITTEN = 0
const READ = 1
const STALE = 2
const COUNTERS = 3
const COUNTER_BYTES = COUNTERS * Int32Array.BYTES_PER_ELEMENT

/** What `next` gives where no record waits. */
export const NOTHING = -1

/** Memory for a ring that holds `records` records of `words` 16-bit words each. */
export function allocateRing(records: number, words: number): SharedArrayBuffer {
  // Counters run over at 2 ** 32, and the place in the ring with them only if its size is a power of two.
  const capacity = 2 ** Math.ceil(Math.log2(records * (1 + words)))
  return new SharedArrayBuffer(COUNTER_BYTES + capacity * Int16Array.BYTES_PER_ELEMENT)
}

class SharedRing {
  protected readonly counters: Int32Array<SharedArrayBuffer>
  protected readonly words: Int16Array<SharedArrayBuffer>
  protected readonly mask: number

  constructor(memory: SharedArrayBuffer) {
    this.counters = new Int32Array(memory, 0, COUNTERS)
    this.words = new Int16Array(memory, COUNTER_BYTES)
    this.mask = this.words.length - 1
  }

  /** Wakes a reader that waits. */
  wake(): void {
    Atomics.notify(this.counters, WRITTEN)
  }
}

/**
 * The writing end of a queue of records between two threads, without locks and without allocating.
 *
 * Thread: one writer. Mutates: the shared memory.
 */
export class RingWriter extends SharedRing {
  private written = 0

  /** Whether a record of so many words finds room now. */
  hasRoom(words: number): boolean {
    const waiting = (this.written - Atomics.load(this.counters, READ)) | 0
    return waiting + 1 + words <= this.words.length
  }

  /** Appends one record, made of one array or of two; false where there is no room, and then nothing is written. */
  write(first: Int16Array, second: Int16Array | null = null): boolean {
    const length = first.length + (second?.length ?? 0)
    if (!this.hasRoom(length)) return false
    this.words[this.written & this.mask] = length
    this.written = (this.written + 1) | 0
    this.copy(first)
    if (second !== null) this.copy(second)
    Atomics.store(this.counters, WRITTEN, this.written)
    this.wake()
    return true
  }

  /** What waits is too old to be of use: the reader is to let all of it go. */
  markStale(): void {
    Atomics.store(this.counters, STALE, 1)
  }

  private copy(source: Int16Array): void {
    for (let i = 0; i < source.length; i++) this.words[(this.written + i) & this.mask] = source[i] ?? 0
    this.written = (this.written + source.length) | 0
  }
}

/**
 * The reading end. Allocates nothing but in `arrival`.
 *
 * Thread: one reader. Mutates: the shared memory.
 */
export class RingReader extends SharedRing {
  private position = 0

  /** The words of the record that is next; `NOTHING` where none waits. */
  next(): number {
    if (Atomics.load(this.counters, WRITTEN) === this.position) return NOTHING
    return this.words[this.position & this.mask] ?? NOTHING
  }

  /** Takes the next record, which must be there, into one array, or one half of it into each of two. */
  read(first: Int16Array, second: Int16Array | null = null): void {
    const length = this.next()
    const start = this.position + 1
    const share = second === null ? length : length / 2
    this.copy(start, share, first)
    if (second !== null) this.copy(start + share, share, second)
    this.moveTo((start + length) | 0)
  }

  /** Lets all records go if the writer has marked them as stale; whether it had. */
  dropStale(): boolean {
    if (Atomics.exchange(this.counters, STALE, 0) === 0) return false
    this.moveTo(Atomics.load(this.counters, WRITTEN))
    return true
  }

  /** Resolves when a record waits, or at `wake`. */
  async arrival(): Promise<void> {
    await Atomics.waitAsync(this.counters, WRITTEN, this.position).value
  }

  private copy(start: number, count: number, target: Int16Array): void {
    const wanted = Math.min(count, target.length)
    for (let i = 0; i < wanted; i++) target[i] = this.words[(start + i) & this.mask] ?? 0
  }

  private moveTo(position: number): void {
    this.position = position
    Atomics.store(this.counters, READ, position)
  }
}
