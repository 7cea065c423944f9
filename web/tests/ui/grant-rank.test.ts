import { expect, test } from 'vitest'
import { opensMore } from '../../src/ui/shell/grant-rank'

function token(role: string, room?: string): string {
  return `h.${btoa(JSON.stringify({ role, room }))}.s`
}

test.each([
  ['an owner’s link', token('owner'), token('speaker'), true],
  ['a listener’s link, for who may speak', token('listener', 'r-1'), token('speaker'), false],
  ['the same once more', token('speaker'), token('speaker'), false],
  ['another room', token('listener', 'r-2'), token('listener', 'r-1'), true],
  ['the same room', token('listener', 'r-1'), token('listener', 'r-1'), false],
  ['the same room, to speak', token('speaker', 'r-1'), token('listener', 'r-1'), true],
  ['another room, to listen', token('listener', 'r-2'), token('speaker', 'r-1'), true],
  ['one room, to speak, for who listens everywhere', token('speaker', 'r-1'), token('listener'), true],
  ['the whole box', token('speaker'), token('speaker', 'r-1'), true],
])('%s', (_, offered, present, expected) => {
  expect(opensMore(offered, present)).toBe(expected)
})
