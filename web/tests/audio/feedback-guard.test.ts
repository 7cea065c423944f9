import { expect, test } from 'vitest'
import { FeedbackGuard } from '../../src/audio/feedback-guard'

const PACKET = 960

function packets(count: number, sample: (i: number) => number): Int16Array[] {
  return Array.from({ length: count }, (_, packet) =>
    Int16Array.from({ length: PACKET }, (_, i) => Math.round(32767 * sample(packet * PACKET + i))),
  )
}

function hears(sounds: Int16Array[]): boolean {
  const guard = new FeedbackGuard()
  return sounds.map((packet) => guard.hears(packet)).includes(true)
}

const whistle = (peak: number) => (i: number) => peak * Math.sin((2 * Math.PI * 2000 * i) / 48000)

test('hears a loud whistle that stays', () => {
  expect(hears(packets(50, whistle(0.5)))).toBe(true)
})

test.each([
  ['a short one', packets(30, whistle(0.5))],
  ['a quiet one', packets(200, whistle(0.02))],
  ['loud noise', packets(200, (i) => 0.8 * (((i * 16807) % 2147) / 2147 + ((i * 48271) % 1999) / 1999 - 1))],
  ['silence', packets(200, () => 0)],
  // A voice comes and goes by far more than 6 dB.
  ['a voice', packets(200, (i) => 0.5 * Math.sin(i / 30) * Math.max(0, Math.sin(i / 6000)) ** 2)],
])('leaves %s alone', (_, sounds) => {
  expect(hears(sounds)).toBe(false)
})
