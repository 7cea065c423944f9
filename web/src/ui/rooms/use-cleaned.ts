import { useCallback, useSyncExternalStore } from 'react'
import type { Cleaned } from '../../client/answer-window'
import type { RoomDesk } from '../../client/room-desk'

const LOOK_AGAIN_MS = 250

/** How much of the voice that is heard in the room was cleaned, of the last second. */
export function useCleaned(desk: RoomDesk): Cleaned {
  const subscribe = useCallback((listener: () => void) => {
    const timer = setInterval(listener, LOOK_AGAIN_MS)
    return () => clearInterval(timer)
  }, [])
  return useSyncExternalStore(subscribe, () => desk.cleaned)
}
