import type { Gap, RecordingSink } from '../audio/recorder'
import { HushboxError } from '../client/errors'
import { joinGaps } from './gaps'
import type { RecordingFacts, Shelf } from './shelf'

/** What the parts of a running recording are handed to: writes them to the shelf, one after the other. */
export class Keeper implements RecordingSink {
  private index = 0
  private queue: Promise<void> = Promise.resolve()
  private failed = false
  private readonly release: () => void

  /** `onError` is called once, when the browser keeps nothing more; `onClosed` when all is kept. */
  constructor(
    private readonly shelf: Shelf,
    private facts: RecordingFacts,
    private readonly onError: (error: HushboxError) => void,
    private readonly onClosed: (facts: RecordingFacts) => void,
  ) {
    this.release = hold(lockOf(facts.id))
    this.enqueue(() => shelf.put(this.facts))
  }

  write(part: Int16Array<ArrayBuffer>, gaps: readonly Gap[]): void {
    const samples = this.facts.samples + part.length / 2
    this.facts = { ...this.facts, samples, gaps: joinGaps([...this.facts.gaps, ...gaps], this.facts.rateHz) }
    const { facts, index } = this
    this.index += 1
    this.enqueue(() => this.shelf.append(facts, index, part.buffer))
  }

  close(): void {
    this.facts = { ...this.facts, finished: true }
    this.enqueue(() =>
      this.facts.samples === 0 ? this.shelf.remove(this.facts.id) : this.shelf.put(this.facts),
    )
    void this.queue.then(() => {
      this.release()
      this.onClosed(this.facts)
    })
  }

  private enqueue(write: () => Promise<void>): void {
    this.queue = this.queue.then(write).catch((error: unknown) => {
      if (this.failed) return
      this.failed = true
      this.onError(storageError(error))
    })
  }
}

/** Whether a page, this one or another tab, is recording it right now. */
export async function isBeingRecorded(id: string): Promise<boolean> {
  const { held } = await navigator.locks.query()
  return held?.some(({ name }) => name === lockOf(id)) === true
}

/** Tells a full disk from a browser that keeps nothing. */
export function storageError(error: unknown): HushboxError {
  const name = error instanceof DOMException ? error.name : ''
  return new HushboxError(name === 'QuotaExceededError' ? 'storage_full' : 'storage_closed')
}

function lockOf(id: string): string {
  return `hushbox.recording.${id}`
}

/** Holds a lock until the returned function is called, or the page goes away. */
function hold(name: string): () => void {
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  void navigator.locks.request(name, () => held)
  return () => release()
}
