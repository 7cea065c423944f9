/** What lets a person in: the PIN or the invitation of a link or QR code. */
export interface AddressKey {
  pin: string | null
  invitation: string | null
}

export const NO_KEY: AddressKey = { pin: null, invitation: null }

/**
 * The key in the address, taken out of it so that it is neither shared nor bookmarked; null where there is none.
 * The address is `cleanAddress` then.
 */
export function takeKeyFromAddress(cleanAddress = location.pathname + location.search): AddressKey | null {
  const key = keyInAddress()
  if (key !== null) history.replaceState(null, '', cleanAddress)
  return key
}

/** The key in the address, which stays there. */
export function keyInAddress(): AddressKey | null {
  const parameters = new URLSearchParams(location.hash.slice(1))
  const key = { pin: parameters.get('pin'), invitation: parameters.get('invite') }
  return key.pin === null && key.invitation === null ? null : key
}

/** Calls `listener` when a link with a key is opened in this tab; returns the function that stops it. */
export function onKeyInAddress(listener: (key: AddressKey) => void): () => void {
  const read = ({ oldURL }: HashChangeEvent) => {
    const key = takeKeyFromAddress(oldURL)
    if (key !== null) listener(key)
  }
  addEventListener('hashchange', read)
  return () => {
    removeEventListener('hashchange', read)
  }
}
