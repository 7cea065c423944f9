import { Emitter } from '../client/emitter'
import type { HushboxError } from '../client/errors'
import type { LiveVoice } from '../client'
import { isBeingRecorded, Keeper, storageError } from './keeper'
import { Shelf, type RecordingFacts } from './shelf'
import { loadSound, type Sound } from './sound'

export interface DeskEvents {
  /** The list has changed. */
  change: undefined
  /** A recording was finished and kept. */
  kept: RecordingFacts
  error: HushboxError
}

/** The recordings of this browser: makes new ones, and finds those that were broken off. */
export class RecordingDesk extends Emitter<DeskEvents> {
  private opened: Promise<Shelf> | null = null

  /** The database; opened at the first use. Rejects where the browser keeps nothing. */
  shelf(): Promise<Shelf> {
    this.opened ??= Shelf.open()
    return this.opened
  }

  /** Records a live voice from now on; `name` is what the recording is called. */
  async record(live: LiveVoice, name: string): Promise<void> {
    const { rateHz, suppressionLimitDb } = live.snapshot()
    if (rateHz === null) return
    try {
      const shelf = await this.shelf()
      const facts = {
        id: crypto.randomUUID(),
        name,
        startedAtMs: Date.now(),
        rateHz,
        samples: 0,
        gaps: [],
        finished: false,
        suppressionLimitDb,
      }
      live.startRecording(this.keeperOf(shelf, facts, live))
    } catch (error) {
      this.emit('error', storageError(error))
    }
  }

  /** Newest first, without those that are being recorded, and those that were broken off before anything was kept. */
  async list(): Promise<RecordingFacts[]> {
    const all = (await (await this.shelf()).list()).filter(({ samples }) => samples > 0)
    const running = await Promise.all(
      all.map(async ({ finished, id }) => !finished && (await isBeingRecorded(id))),
    )
    return all.filter((_, index) => running[index] !== true)
  }

  async get(id: string): Promise<{ facts: RecordingFacts; sound: Sound } | null> {
    const shelf = await this.shelf()
    const facts = await shelf.get(id)
    return facts === null ? null : { facts, sound: await loadSound(shelf, facts) }
  }

  /** Replaces the sound of a recording that is finished. */
  async replace(facts: RecordingFacts, sound: Sound): Promise<void> {
    await (await this.shelf()).replace(facts, sound.samples)
    this.emit('change', undefined)
  }

  async put(facts: RecordingFacts): Promise<void> {
    await (await this.shelf()).put(facts)
    this.emit('change', undefined)
  }

  async remove(id: string): Promise<void> {
    await (await this.shelf()).remove(id)
    this.emit('change', undefined)
  }

  private keeperOf(shelf: Shelf, facts: RecordingFacts, live: LiveVoice): Keeper {
    return new Keeper(
      shelf,
      facts,
      (error) => {
        live.finishRecording()
        this.emit('error', error)
      },
      (kept) => {
        this.emit('change', undefined)
        if (kept.samples > 0) this.emit('kept', kept)
      },
    )
  }
}
