import { expect, test } from 'vitest'
import { DryDelayLine } from '../../src/audio/dry-delay-line'

test('gives each input sample back exactly delay samples later, whatever the packet borders', () => {
  const delay = 37
  const line = new DryDelayLine(delay, 1000)
  const heard: number[] = []
  for (let start = 0; start < 500; start += 50) {
    line.write(
      start,
      Int16Array.from({ length: 50 }, (_, i) => start + i + 1),
    )
    heard.push(...line.read(start, 50))
  }
  heard.push(...line.read(500, delay))
  expect(heard.slice(0, delay)).toEqual(Array(delay).fill(0))
  expect(heard.slice(delay)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
})

test('reads packets that were never written as silence', () => {
  const line = new DryDelayLine(0, 100)
  line.write(0, Int16Array.of(1, 2))
  line.write(4, Int16Array.of(5, 6))
  expect(Array.from(line.read(0, 6))).toEqual([1, 2, 0, 0, 5, 6])
})

test('forgets what is older than its history instead of playing something else', () => {
  const line = new DryDelayLine(0, 4)
  line.write(0, Int16Array.of(1, 2, 3, 4))
  line.write(4, Int16Array.of(5, 6))
  expect(Array.from(line.read(0, 6))).toEqual([0, 0, 3, 4, 5, 6])
})
