import { expect, test } from 'vitest'
import { KWeightedPower, LoudnessMatch } from '../../src/audio/loudness'

function sine(hz: number, peak: number, rateHz: number, seconds: number): Int16Array {
  return Int16Array.from({ length: rateHz * seconds }, (_, i) =>
    Math.round(peak * 32767 * Math.sin((2 * Math.PI * hz * i) / rateHz)),
  )
}

test.each([8000, 16000, 44100, 48000])('a full sine of 997 Hz has -3.01 LKFS at %i Hz', (rateHz) => {
  // The reference of ITU-R BS.1770-5, annex 1; the offset of 0.691 belongs to the unit.
  const power = new KWeightedPower(rateHz).update(sine(997, 1, rateHz, 1))
  expect(-0.691 + 10 * Math.log10(power)).toBeCloseTo(-3.01, 0)
})

test('rumble counts less than speech', () => {
  const meter = (hz: number) => new KWeightedPower(48000).update(sine(hz, 0.5, 48000, 1))
  expect(meter(20)).toBeLessThan(0.1 * meter(1000))
})

test('the original is turned to the loudness of the clean sound, by its loud parts', () => {
  const match = new LoudnessMatch(16000)
  const loud = sine(500, 0.5, 16000, 0.02)
  const pause = sine(500, 0.02, 16000, 0.02)
  for (let i = 0; i < 100; i++) {
    match.update(
      loud.map((sample) => sample / 2),
      loud,
    )
    match.update(new Int16Array(loud.length), pause)
  }
  expect(20 * Math.log10(match.originalGain)).toBeCloseTo(-6, 0)
})

test('nothing heard yet changes nothing', () => {
  expect(new LoudnessMatch(16000).originalGain).toBe(1)
})
