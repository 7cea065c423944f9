import { expect, test } from 'vitest'
import { AnswerWindow } from '../../src/client/answer-window'
import { truthOf, type Evidence } from '../../src/client/truth'

const GOOD: Evidence = {
  wanted: true,
  connected: true,
  running: true,
  muted: false,
  streaming: true,
  hearing: 'clean',
  suppressionLimitDb: null,
  answers: { total: 50, late: 0, silentMs: 10 },
  roundTripMs: 45,
}

test('is on while clean packets keep coming', () => {
  expect(truthOf(GOOD)).toBe('on')
  expect(truthOf({ ...GOOD, hearing: 'nothing', suppressionLimitDb: 12 })).toBe('on')
})

test.each<[string, Partial<Evidence>]>([
  ['off', { wanted: false }],
  ['reconnecting', { connected: false }],
  ['starting', { streaming: false }],
  ['starting', { answers: { total: 0, late: 0, silentMs: null } }],
  ['stalled', { answers: { total: 30, late: 0, silentMs: 500 } }],
  ['late', { answers: { total: 50, late: 1, silentMs: 10 } }],
  ['late', { roundTripMs: 900 }],
  ['bypassed', { answers: { total: 50, late: 50, silentMs: 10 } }],
  ['bypassed', { suppressionLimitDb: 0 }],
  ['interrupted', { running: false }],
  ['muted', { muted: true }],
  ['original', { hearing: 'original' }],
])('is never on when it is %s', (truth, change) => {
  expect(truthOf({ ...GOOD, ...change })).toBe(truth)
})

test('the window forgets after a second but knows how long it was silent', () => {
  const window = new AnswerWindow()
  for (let ms = 0; ms < 3000; ms += 20) window.add(true, ms)
  for (let ms = 3000; ms < 5000; ms += 20) window.add(false, ms)
  expect(window.recent(4980)).toEqual({ total: 51, late: 0, silentMs: 0 })
  expect(window.recent(9980)).toEqual({ total: 0, late: 0, silentMs: 5000 })
  expect(new AnswerWindow().recent(0).silentMs).toBeNull()
})
