import type { Grant } from '../client'

const KEY = 'hushbox.grant'

/** The grant of this tab, so that a reload does not ask for a new PIN; null when there is none or it has ended. */
export function loadGrant(): Grant | null {
  try {
    const grant = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Grant | null
    return grant !== null && grant.expiresAtMs > Date.now() ? grant : null
  } catch {
    return null
  }
}

export function saveGrant(grant: Grant): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(grant))
  } catch {
    // Storage can be switched off; then a reload asks for a PIN again.
  }
}

export function forgetGrant(): void {
  try {
    sessionStorage.removeItem(KEY)
  } catch {
    // Nothing was stored.
  }
}
