import { expect, test } from 'vitest'
import { Recorder, type Gap } from '../../src/audio/recorder'
import { joinGaps } from '../../src/recordings/gaps'

class Kept {
  readonly parts: Int16Array[] = []
  readonly gaps: Gap[] = []
  closed = false

  write(part: Int16Array, gaps: readonly Gap[]): void {
    this.parts.push(part)
    this.gaps.push(...gaps)
  }

  close(): void {
    this.closed = true
  }
}

test('hands out a part a second, both sides in step, and the rest at the end', () => {
  const kept = new Kept()
  const recorder = new Recorder(16000, kept)
  const packet = new Int16Array(320)
  for (let i = 0; i < 120; i++) {
    packet.fill(i)
    recorder.add(
      packet,
      packet.map((sample) => -sample),
    )
  }
  expect(kept.parts.map((part) => part.length)).toEqual([32000, 32000])
  recorder.finish()
  expect(kept.closed).toBe(true)
  expect(kept.parts.map((part) => part.length)).toEqual([32000, 32000, 12800])
  expect([kept.parts[1]?.[0], kept.parts[1]?.[1]]).toEqual([50, -50])
  expect(recorder.seconds).toBe(2.4)
})

test('notes where sound is missing', () => {
  const kept = new Kept()
  const recorder = new Recorder(8000, kept)
  for (let i = 0; i < 60; i++) recorder.add(new Int16Array(160), new Int16Array(160))
  recorder.markGap(2.5)
  recorder.finish()
  expect(kept.gaps).toEqual([{ atSample: 9600, seconds: 2.5 }])
})

test('takes no more than its limit', () => {
  const recorder = new Recorder(8000, new Kept(), 1)
  for (let i = 0; i < 100; i++) recorder.add(new Int16Array(160), new Int16Array(160))
  expect(recorder.full).toBe(true)
  expect(recorder.seconds).toBe(1)
})

test('gaps that touch are one', () => {
  const gaps = [
    { atSample: 0, seconds: 0.02 },
    { atSample: 160, seconds: 0.5 },
    { atSample: 9000, seconds: 1 },
  ]
  expect(joinGaps(gaps, 8000)).toEqual([
    { atSample: 0, seconds: 0.52 },
    { atSample: 9000, seconds: 1 },
  ])
})
