import { useEffect, useState } from 'react'
import { NO_KEY, onKeyInAddress, type AddressKey } from './address-key'
import type { Session } from './session'

/** The key that lets a person in, until it is used; `serial` grows when another one is opened in this tab. */
export function useAddressKey(initial: AddressKey, session: Session | null, connected: boolean) {
  const [{ key, serial }, setState] = useState({ key: initial, serial: 0 })

  useEffect(
    () =>
      onKeyInAddress(({ pin, invitation }) =>
        setState((before) => ({
          key: { pin: connected ? null : pin, invitation },
          serial: before.serial + 1,
        })),
      ),
    [connected],
  )
  // Who is let in already needs no PIN, and must not be let in by it after the session's end.
  useEffect(
    () =>
      session?.connection.on('connection', (nowConnected) => {
        if (nowConnected) setState((before) => ({ ...before, key: { ...before.key, pin: null } }))
      }),
    [session],
  )
  // A key is good for one use: when the token ends, the scanned one must not be tried again.
  const dropKey = () => setState((before) => ({ ...before, key: NO_KEY }))
  return { key, serial, dropKey }
}
