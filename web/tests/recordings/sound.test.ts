import { describe, expect, test } from 'vitest'
import {
  lengthOf,
  pairUp,
  peaksOf,
  samplesOfWav,
  sideOf,
  toStereoWav,
  toWav,
  withClean,
} from '../../src/recordings/sound'
import { moveEdge } from '../../src/recordings/trim'

const SOUND = pairUp(Int16Array.of(1, 2, 3, 4), Int16Array.of(10, 20, 30, 40), 8000)

describe('a sound of two sides', () => {
  test('gives each side of a range', () => {
    expect(lengthOf(SOUND)).toBe(4)
    expect([...sideOf(SOUND, 'clean', { from: 1, to: 3 })]).toEqual([2, 3])
    expect([...sideOf(SOUND, 'original', { from: 1, to: 4 })]).toEqual([20, 30, 40])
  })

  test('goes through a WAV file and back', async () => {
    const wav = toWav(SOUND, 'original', { from: 0, to: 4 })
    expect([...(await samplesOfWav(wav))]).toEqual([10, 20, 30, 40])
    const header = new DataView(await toStereoWav(SOUND).arrayBuffer())
    expect([header.getUint16(22, true), header.getUint32(28, true), header.getUint32(40, true)]).toEqual([
      2, 32000, 16,
    ])
  })

  test('reads a WAV file with more chunks than ours', async () => {
    const wav = await toWav(SOUND, 'clean', { from: 0, to: 4 }).arrayBuffer()
    // `LIST`, three bytes long, and one to make it even.
    const extra = Uint8Array.of(0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 9, 9, 9, 0)
    const longer = new Blob([wav.slice(0, 36), extra, wav.slice(36)])
    expect([...(await samplesOfWav(longer))]).toEqual([1, 2, 3, 4])
  })

  test('takes another clean side and leaves the old sound as it was', () => {
    const again = withClean(SOUND, Int16Array.of(7, 8), 1)
    expect([...sideOf(again, 'clean', { from: 0, to: 4 })]).toEqual([1, 7, 8, 4])
    expect([...sideOf(SOUND, 'clean', { from: 0, to: 4 })]).toEqual([1, 2, 3, 4])
  })

  test('has its peaks in order', () => {
    expect([...peaksOf(SOUND, 'original', 2)]).toEqual([20 / 32768, 40 / 32768])
  })
})

describe('trimming', () => {
  const sound = { length: 8000, rateHz: 8000 }

  test('moves one edge', () => {
    expect(moveEdge({ from: 0, to: 8000 }, 'from', 0.25, sound)).toEqual({ from: 2000, to: 8000 })
    expect(moveEdge({ from: 0, to: 8000 }, 'to', 0.5, sound)).toEqual({ from: 0, to: 4000 })
  })

  test('never crosses the other edge or leaves the sound', () => {
    expect(moveEdge({ from: 0, to: 4000 }, 'from', 0.9, sound)).toEqual({ from: 2400, to: 4000 })
    expect(moveEdge({ from: 4000, to: 8000 }, 'to', 0.1, sound)).toEqual({ from: 4000, to: 5600 })
    expect(moveEdge({ from: 4000, to: 5000 }, 'to', 9, sound)).toEqual({ from: 4000, to: 8000 })
  })
})
