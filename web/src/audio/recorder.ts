import { wavHeader } from './wav'

/** A finished recording: both tracks have the same length and the same start. */
export interface Recording {
  clean: Blob
  original: Blob
  seconds: number
  rateHz: number
}

const PACKETS_PER_PART = 250

/**
 * Keeps what was received and the original beside it, as 16-bit samples, up to `maxSeconds`.
 *
 * Every few seconds the samples are folded into a Blob, which browsers keep outside of the page's memory.
 */
export class Recorder {
  private readonly clean = new Track()
  private readonly original = new Track()
  private samples = 0

  constructor(
    private readonly rateHz: number,
    private readonly maxSeconds = 3600,
  ) {}

  get seconds(): number {
    return this.samples / this.rateHz
  }

  get full(): boolean {
    return this.seconds >= this.maxSeconds
  }

  /** Adds one packet of each, aligned in time; a full recorder takes no more. */
  add(wet: Int16Array, dry: Int16Array): void {
    if (this.full) return
    this.clean.add(wet)
    this.original.add(dry)
    this.samples += wet.length
  }

  /** Both tracks as WAV files. */
  finish(): Recording {
    const header = wavHeader(this.samples, this.rateHz)
    return {
      clean: this.clean.toWav(header),
      original: this.original.toWav(header),
      seconds: this.seconds,
      rateHz: this.rateHz,
    }
  }
}

class Track {
  private readonly parts: Blob[] = []
  private packets: Int16Array<ArrayBuffer>[] = []

  add(packet: Int16Array): void {
    this.packets.push(new Int16Array(packet))
    if (this.packets.length >= PACKETS_PER_PART) this.fold()
  }

  toWav(header: ArrayBuffer): Blob {
    this.fold()
    return new Blob([header, ...this.parts], { type: 'audio/wav' })
  }

  private fold(): void {
    this.parts.push(new Blob(this.packets))
    this.packets = []
  }
}
