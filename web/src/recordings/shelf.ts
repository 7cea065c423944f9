import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Gap } from '../audio/recorder'

/** What is known of a recording without its sound. */
export interface RecordingFacts {
  id: string
  name: string
  startedAtMs: number
  rateHz: number
  samples: number
  gaps: Gap[]
  /** Its last part was written and closed; false while it runs, or when the page went away first. */
  finished: boolean
  /** The limit in dB that the clean side was made with; null for none. */
  suppressionLimitDb: number | null
}

/** Up to a second of a recording: clean on the left, original on the right. */
interface Part {
  recording: string
  index: number
  samples: ArrayBuffer
}

interface Shape extends DBSchema {
  recordings: { key: string; value: RecordingFacts }
  parts: { key: [string, number]; value: Part }
}

const NAME = 'hushbox'
const VERSION = 1

/** The recordings that this browser keeps, a second at a time, so that a crash takes no more than the last one. */
export class Shelf {
  private constructor(private readonly database: IDBPDatabase<Shape>) {}

  static async open(): Promise<Shelf> {
    const database = await openDB<Shape>(NAME, VERSION, {
      upgrade(fresh) {
        fresh.createObjectStore('recordings', { keyPath: 'id' })
        fresh.createObjectStore('parts', { keyPath: ['recording', 'index'] })
      },
    })
    return new Shelf(database)
  }

  /** Newest first. */
  async list(): Promise<RecordingFacts[]> {
    const all = await this.database.getAll('recordings')
    return all.sort((a, b) => b.startedAtMs - a.startedAtMs)
  }

  async get(id: string): Promise<RecordingFacts | null> {
    return (await this.database.get('recordings', id)) ?? null
  }

  async put(facts: RecordingFacts): Promise<void> {
    await this.database.put('recordings', facts)
  }

  /** Adds one part and what it changes in the facts, both or neither. */
  async append(facts: RecordingFacts, index: number, samples: ArrayBuffer): Promise<void> {
    const change = this.database.transaction(['recordings', 'parts'], 'readwrite')
    await Promise.all([
      change.objectStore('parts').put({ recording: facts.id, index, samples }),
      change.objectStore('recordings').put(facts),
      change.done,
    ])
  }

  /** The parts in order. */
  async parts(id: string): Promise<ArrayBuffer[]> {
    const parts = await this.database.getAll('parts', partsOf(id))
    return parts.map(({ samples }) => samples)
  }

  /** Puts other sound in the place of a recording's parts, all or nothing. */
  async replace(facts: RecordingFacts, samples: Int16Array<ArrayBuffer>): Promise<void> {
    const change = this.database.transaction(['recordings', 'parts'], 'readwrite')
    const parts = change.objectStore('parts')
    const step = 2 * facts.rateHz
    const writes: Promise<unknown>[] = [
      change.objectStore('recordings').put(facts),
      parts.delete(partsOf(facts.id)),
    ]
    for (let index = 0; index * step < samples.length; index++) {
      const part = samples.slice(index * step, (index + 1) * step).buffer
      writes.push(parts.put({ recording: facts.id, index, samples: part }))
    }
    await Promise.all([...writes, change.done])
  }

  async remove(id: string): Promise<void> {
    const change = this.database.transaction(['recordings', 'parts'], 'readwrite')
    await Promise.all([
      change.objectStore('recordings').delete(id),
      change.objectStore('parts').delete(partsOf(id)),
      change.done,
    ])
  }
}

function partsOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Infinity])
}
