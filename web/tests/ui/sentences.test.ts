import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BROWSER_CODES, HushboxError } from '../../src/client/errors'
import { NO_RUN } from '../../src/client/run-summary'
import { fileSentenceFor, lastRunSentence, sentenceFor } from '../../src/ui/parts/sentences'
import { en } from '../../src/ui/strings/en'

/** Codes whose own message names what is wrong; a fixed sentence would say less. */
const SAID_BY_THE_BOX = ['bad_request']

function codesOfTheProtocol(): string[] {
  const protocol = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8')
  const table = protocol.slice(protocol.indexOf('## 2. Errors'), protocol.indexOf('## 3.'))
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))
  return rows.flatMap((row) =>
    Array.from((row.split('|')[1] ?? '').matchAll(/`(\w+)`/g), (match) => match[1] ?? ''),
  )
}

test('every code of the protocol and of the browser has a sentence', () => {
  const codes = codesOfTheProtocol()
  expect(codes.length).toBeGreaterThan(20)
  const missing = [...codes, ...BROWSER_CODES].filter(
    (code) => !(code in en.errors) && !SAID_BY_THE_BOX.includes(code),
  )
  expect(missing).toEqual([])
})

test('an unknown code shows what the box said', () => {
  expect(sentenceFor(new HushboxError('new_code', 'The box says so.'), en)).toBe('The box says so.')
})

test.each([
  ['too_many_streams', 15, 'Try again in 15 s, or when somebody has finished.'],
  ['pin_locked', 59.2, 'Wait 1 min 0 s, then type'],
  ['pin_locked', 3600, 'Wait 1 h 0 min, then type'],
])('%s says how long to wait, as the box does', (code, retryAfterS, words) => {
  const refusal = { code, message: 'm', retryable: true, retry_after_s: retryAfterS }
  expect(sentenceFor(HushboxError.fromWire(refusal), en)).toContain(words)
  expect(sentenceFor(new HushboxError(code), en)).toBe(en.errors[code as 'pin_locked'])
})

test('a time to wait changes nothing about an error that has no words for it', () => {
  const refusal = { code: 'disk_full', message: 'm', retryable: true, retry_after_s: 5 }
  expect(sentenceFor(HushboxError.fromWire(refusal), en)).toBe(en.errors.disk_full)
})

test('about a file, the page only says what stays true when the box is back', () => {
  expect(fileSentenceFor(new HushboxError('server_gone'), en)).toContain('could not be reached')
  expect(fileSentenceFor(new HushboxError('file_empty'), en)).toBe(en.errors.file_empty)
})

test.each([
  [{ seconds: 21.3 }, 'Last time: 21 s, nothing lost.'],
  [{ seconds: 65.2, lostSeconds: 0.42 }, 'Last time: 1 min 5 s, 0.4 s lost.'],
  [{ seconds: 4, lateSeconds: 0.016 }, 'Last time: 4 s, less than 0.1 s not cleaned in time.'],
  [{ seconds: 59.7, interruptions: 1 }, 'Last time: 1 min 0 s, interrupted once.'],
  [{ seconds: 30, interruptions: 2 }, 'Last time: 30 s, interrupted 2 times.'],
])('the last time in words: %o', (run, sentence) => {
  expect(lastRunSentence({ ...NO_RUN, ...run }, en)).toBe(sentence)
})
