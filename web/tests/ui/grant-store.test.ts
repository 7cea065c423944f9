import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Grant } from '../../src/client/pairing'
import {
  forgetGrant,
  formerToken,
  loadGrant,
  onGrantElsewhere,
  saveGrant,
} from '../../src/ui/shell/grant-store'

const KEY = 'hushbox.grant'
let page: EventTarget

beforeEach(() => {
  const kept = new Map<string, string>()
  page = new EventTarget()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  })
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
})

afterEach(() => {
  vi.unstubAllGlobals()
})

function grantFor(ms: number): Grant {
  return { token: 'token', expiresAtMs: Date.now() + ms }
}

function tellFromElsewhere(newValue: string | null, key: string | null = KEY): void {
  page.dispatchEvent(Object.assign(new Event('storage'), { key, newValue }))
}

test('a grant is kept for the next visit, until it is forgotten', () => {
  expect(loadGrant()).toBeNull()
  const grant = grantFor(60_000)
  saveGrant(grant)
  expect(loadGrant()).toEqual(grant)
  forgetGrant()
  expect(loadGrant()).toBeNull()
})

test('a grant that has ended is told from none', () => {
  saveGrant(grantFor(-1))
  expect(loadGrant()).toBe('ended')
})

test.each(['', '{', '7', 'null', '{"token": 1, "expiresAtMs": 2}'])(
  'what is no grant counts as none: %s',
  (text) => {
    localStorage.setItem(KEY, text)
    expect(loadGrant()).toBeNull()
  },
)

test('a browser that keeps nothing is asked for a PIN each time', () => {
  vi.stubGlobal('localStorage', undefined)
  saveGrant(grantFor(60_000))
  forgetGrant()
  expect(loadGrant()).toBeNull()
})

test('another tab that renews or forgets is heard, and nothing else', () => {
  const heard: (Grant | null)[] = []
  const stop = onGrantElsewhere((grant) => heard.push(grant))
  const grant = grantFor(60_000)
  tellFromElsewhere(JSON.stringify(grant))
  tellFromElsewhere(JSON.stringify(grantFor(-1)))
  tellFromElsewhere('something', 'another key')
  tellFromElsewhere(null)
  stop()
  tellFromElsewhere(JSON.stringify(grant))
  expect(heard).toEqual([grant, null])
})

test('the token is known after its end, until the box is forgotten', () => {
  expect(formerToken()).toBeNull()
  saveGrant(grantFor(-1))
  expect(formerToken()).toBe('token')
  forgetGrant()
  expect(formerToken()).toBeNull()
})
