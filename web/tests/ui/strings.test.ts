import { describe, expect, test } from 'vitest'
import { de } from '../../src/ui/strings/de'
import { en } from '../../src/ui/strings/en'

type Leaf = string | ((...values: never[]) => string)

/** What may be the same in both languages. */
const SAME = [
  /^shell\.(live|box|pair\.pin)$/,
  /^live\.(title|original|decibels)$/,
  /\.(wav|flac|format|name|rename|pause|chat)$/,
  /^time\./,
]

/** Every sentence with its path; a sentence with blanks is filled in. */
function sentencesOf(strings: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(strings) as [string, Leaf | object][]) {
    const place = path === '' ? name : `${path}.${name}`
    if (typeof value === 'string') found.set(place, value)
    else if (typeof value === 'function')
      found.set(place, (value as (...values: unknown[]) => string)(...blanksOf(place)))
    else for (const [inner, sentence] of sentencesOf(value, place)) found.set(inner, sentence)
  }
  return found
}

function blanksOf(place: string): unknown[] {
  return place === 'live.processingOn' ? [['noiseSuppression']] : [2, 3]
}

describe('the two languages', () => {
  const english = sentencesOf(en)
  const german = sentencesOf(de)

  test('say the same things', () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort())
  })

  test('leave nothing empty and nothing untranslated', () => {
    const missing = [...english].filter(
      ([place, sentence]) =>
        (german.get(place) ?? '') === '' ||
        (german.get(place) === sentence && !SAME.some((pattern) => pattern.test(place))),
    )
    expect(missing).toEqual([])
    expect([...english.values()].filter((sentence) => sentence.trim() === '')).toEqual([])
  })

  test('fill in the same blanks', () => {
    const digits = (sentence = '') => sentence.replace(/[^23]/g, '').split('').sort().join('')
    const different = [...english].filter(
      ([place, sentence]) =>
        typeof place === 'string' && digits(sentence) !== digits(german.get(place)) && !/\d/.test(place),
    )
    expect(different).toEqual([])
  })
})
