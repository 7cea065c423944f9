import { expect, test } from 'vitest'
import { FLOOR_DBFS, LevelMeter, measureLevel } from '../../src/audio/level'
import { NoiseRemovedMeter } from '../../src/audio/noise-removed'

function tone(amplitude: number, length = 960): Int16Array {
  return Int16Array.from({ length }, (_, i) =>
    Math.round(amplitude * 32767 * Math.sin((2 * Math.PI * i) / 48)),
  )
}

test('a full-scale sine is 0 dB peak and -3 dB RMS', () => {
  const { rmsDbfs, peakDbfs } = measureLevel(tone(1))
  expect(peakDbfs).toBeCloseTo(0, 1)
  expect(rmsDbfs).toBeCloseTo(-3.01, 1)
})

test('silence is the floor, not minus infinity', () => {
  expect(measureLevel(new Int16Array(960))).toEqual({ rmsDbfs: FLOOR_DBFS, peakDbfs: FLOOR_DBFS })
})

test('a meter rises at once, holds its peak, and falls', () => {
  const meter = new LevelMeter()
  meter.update(tone(1), 20)
  const soon = meter.update(new Int16Array(960), 20)
  expect(soon.peakDbfs).toBeCloseTo(0, 1)
  expect(soon.rmsDbfs).toBeCloseTo(-3.6, 1)
  let later = soon
  for (let i = 0; i < 100; i++) later = meter.update(new Int16Array(960), 20)
  expect(later.peakDbfs).toBeLessThan(-20)
})

test('half the amplitude is 6 dB removed, and nothing to remove is not a number', () => {
  const meter = new NoiseRemovedMeter()
  meter.update(new Int16Array(960), new Int16Array(960))
  expect(meter.removedDb).toBeNull()
  meter.update(tone(0.25), tone(0.5))
  expect(meter.removedDb).toBeCloseTo(6.02, 1)
})

test('what is removed is measured between the words, not in them', () => {
  const meter = new NoiseRemovedMeter()
  for (let i = 0; i < 300; i++) {
    if (i % 4 === 0) meter.update(tone(0.001), tone(0.01))
    else meter.update(tone(0.49), tone(0.5))
  }
  expect(meter.removedDb).toBeCloseTo(20, 0)
})

test('the noise of more than three seconds ago is forgotten', () => {
  const meter = new NoiseRemovedMeter()
  for (let i = 0; i < 50; i++) meter.update(tone(0.001), tone(0.01))
  for (let i = 0; i < 150; i++) meter.update(tone(0.05), tone(0.1))
  expect(meter.removedDb).toBeCloseTo(6.02, 1)
})
