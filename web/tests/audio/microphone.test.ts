import { expect, test } from 'vitest'
import { leftOn } from '../../src/audio/microphone'

test('names what a browser left on, and only that', () => {
  expect(leftOn({ noiseSuppression: false, echoCancellation: true, autoGainControl: false })).toEqual([
    'echoCancellation',
  ])
  expect(leftOn({})).toEqual([])
})
