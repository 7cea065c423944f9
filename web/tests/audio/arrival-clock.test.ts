import { expect, test } from 'vitest'
import { ArrivalClock } from '../../src/audio/arrival-clock'

test('what waited on its way arrived when the quickest would have', () => {
  const clock = new ArrivalClock()
  expect(clock.arrivalMs(1000, 5003)).toBe(5003)
  expect(clock.arrivalMs(1010, 5011)).toBe(5011)
  expect(clock.arrivalMs(1020, 5321)).toBeCloseTo(5021, 1)
  expect(clock.arrivalMs(1030, 5321)).toBeCloseTo(5031, 1)
})

test('clocks that drift apart are followed both ways', () => {
  for (const drift of [1.0002, 0.9998]) {
    const clock = new ArrivalClock()
    let seenMs = 0
    for (let stampMs = 0; stampMs < 3_600_000; stampMs += 10)
      seenMs = clock.arrivalMs(stampMs, stampMs * drift)
    expect(Math.abs(seenMs - 3_599_990 * drift)).toBeLessThan(1)
  }
})

test('nothing has arrived before it is there', () => {
  const clock = new ArrivalClock()
  const nows = [40, 45, 300, 301, 302, 350]
  expect(nows.every((nowMs, i) => clock.arrivalMs(10 * i, nowMs) <= nowMs)).toBe(true)
})
