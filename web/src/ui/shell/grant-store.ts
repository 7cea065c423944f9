import type { Grant } from '../../client'

const KEY = 'hushbox.grant'

/** What this browser kept: a grant for all its tabs, the news that the last one has ended, or nothing. */
export type StoredGrant = Grant | 'ended' | null

export function loadGrant(): StoredGrant {
  try {
    return readGrant(localStorage.getItem(KEY))
  } catch {
    // Storage can be switched off; then every load of the page asks for a PIN.
    return null
  }
}

/** The token that this browser had last, ended or not: by it the box knows the device again, and its files. */
export function formerToken(): string | null {
  try {
    const token = parse(localStorage.getItem(KEY))?.token
    return typeof token === 'string' ? token : null
  } catch {
    return null
  }
}

/** Keeps a grant for this tab, for others, and for the next visit. */
export function saveGrant(grant: Grant): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(grant))
  } catch {
    // As above.
  }
}

export function forgetGrant(): void {
  try {
    localStorage.removeItem(KEY)
  } catch {
    // Nothing was stored.
  }
}

/** Calls `listener` when another tab pairs, renews, or forgets the box (null); returns the function that stops it. */
export function onGrantElsewhere(listener: (grant: Grant | null) => void): () => void {
  const read = ({ key, newValue }: StorageEvent) => {
    if (key !== KEY && key !== null) return
    const grant = readGrant(newValue)
    if (grant !== 'ended') listener(grant)
  }
  addEventListener('storage', read)
  return () => {
    removeEventListener('storage', read)
  }
}

function readGrant(text: string | null): StoredGrant {
  const value = parse(text)
  if (typeof value?.token !== 'string' || typeof value.expiresAtMs !== 'number') return null
  const { token, expiresAtMs } = value
  return expiresAtMs > Date.now() ? { token, expiresAtMs } : 'ended'
}

function parse(text: string | null): Partial<Record<keyof Grant, unknown>> | null {
  try {
    return JSON.parse(text ?? 'null') as Partial<Record<keyof Grant, unknown>> | null
  } catch {
    return null
  }
}
