import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BROWSER_CODES, HushboxError } from '../../src/client/errors'
import { sentenceFor, SENTENCES } from '../../src/ui/sentences'

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
    (code) => !(code in SENTENCES) && !SAID_BY_THE_BOX.includes(code),
  )
  expect(missing).toEqual([])
})

test('an unknown code shows what the box said', () => {
  expect(sentenceFor(new HushboxError('new_code', 'The box says so.'))).toBe('The box says so.')
})
