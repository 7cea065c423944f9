import { wavHeader } from '../audio/wav'
import type { RecordingFacts, Shelf } from './shelf'

/** A recording's sound, in one piece: clean on the left, original on the right. */
export interface Sound {
  rateHz: number
  /** Interleaved, two for each moment. */
  samples: Int16Array<ArrayBuffer>
}

export type Side = 'clean' | 'original'

/** A part of a sound, in samples from its start. */
export interface Range {
  from: number
  to: number
}

export async function loadSound(shelf: Shelf, facts: RecordingFacts): Promise<Sound> {
  const whole = await new Blob(await shelf.parts(facts.id)).arrayBuffer()
  return { rateHz: facts.rateHz, samples: new Int16Array(whole) }
}

/** Two tracks of the same rate side by side; the shorter one is followed by silence. */
export function pairUp(clean: Int16Array, original: Int16Array, rateHz: number): Sound {
  const samples = new Int16Array(2 * Math.max(clean.length, original.length))
  for (let i = 0; i < samples.length / 2; i++) {
    samples[2 * i] = clean[i] ?? 0
    samples[2 * i + 1] = original[i] ?? 0
  }
  return { rateHz, samples }
}

export function lengthOf({ samples }: Sound): number {
  return samples.length / 2
}

/** One side of `range` as mono samples. */
export function sideOf({ samples }: Sound, side: Side, { from, to }: Range): Int16Array<ArrayBuffer> {
  const offset = side === 'clean' ? 0 : 1
  const mono = new Int16Array(to - from)
  for (let i = 0; i < mono.length; i++) mono[i] = samples[2 * (from + i) + offset] ?? 0
  return mono
}

/** The same sound with another clean side from `from` on. */
export function withClean(sound: Sound, clean: Int16Array, from: number): Sound {
  const samples = new Int16Array(sound.samples)
  for (let i = 0; i < clean.length; i++) samples[2 * (from + i)] = clean[i] ?? 0
  return { ...sound, samples }
}

/** One side of `range` as a WAV file. */
export function toWav(sound: Sound, side: Side, range: Range): Blob {
  const mono = sideOf(sound, side, range)
  return new Blob([wavHeader(mono.length, sound.rateHz, 1), mono], { type: 'audio/wav' })
}

/** Both sides as one stereo WAV file, for a player that never lets them come apart. */
export function toStereoWav({ samples, rateHz }: Sound): Blob {
  return new Blob([wavHeader(samples.length / 2, rateHz, 2), samples], { type: 'audio/wav' })
}

/** The highest value of each of `count` stretches of one side, 0 to 1. */
export function peaksOf({ samples }: Sound, side: Side, count: number): Float32Array {
  const peaks = new Float32Array(count)
  const length = samples.length / 2
  const offset = side === 'clean' ? 0 : 1
  for (let peak = 0; peak < count; peak++) {
    const end = Math.floor(((peak + 1) * length) / count)
    let highest = 0
    for (let i = Math.floor((peak * length) / count); i < end; i++)
      highest = Math.max(highest, Math.abs(samples[2 * i + offset] ?? 0))
    peaks[peak] = highest / 32768
  }
  return peaks
}

/** The samples of a mono 16-bit WAV file as this page and the box write it: 44 bytes of header, or more with extra chunks. */
export async function samplesOfWav(wav: Blob): Promise<Int16Array<ArrayBuffer>> {
  const bytes = await wav.arrayBuffer()
  const view = new DataView(bytes)
  let offset = 12
  while (offset + 8 <= bytes.byteLength) {
    const size = view.getUint32(offset + 4, true)
    if (view.getUint32(offset, false) === DATA) {
      const end = Math.min(bytes.byteLength, offset + 8 + size)
      return new Int16Array(bytes.slice(offset + 8, end - ((end - offset) % 2)))
    }
    offset += 8 + size + (size % 2)
  }
  return new Int16Array(0)
}

/** `data`, as a WAV file names its samples. */
const DATA = 0x64617461
