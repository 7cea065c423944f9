import { expect, test } from 'vitest'
import { barShare } from '../../src/ui/bar-share'

test('the loudest sound leaves room above and below', () => {
  expect(barShare(1)).toBeLessThanOrEqual(0.9)
})

test('a louder sound is never a smaller bar, and silence is none', () => {
  const shares = [0, 0.001, 0.01, 0.1, 0.5, 1].map(barShare)
  expect(shares[0]).toBe(0)
  expect(shares).toEqual([...shares].sort((a, b) => a - b))
})
