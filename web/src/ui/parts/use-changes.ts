import { useCallback, useSyncExternalStore } from 'react'

export interface Changing {
  version: number
  on(name: 'change', listener: () => void): () => void
}

/** Renders again whenever `source` has changed. */
export function useChanges(source: Changing): void {
  const subscribe = useCallback((listener: () => void) => source.on('change', listener), [source])
  useSyncExternalStore(subscribe, () => source.version)
}
