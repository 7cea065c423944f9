import { useEffect, useState } from 'react'
import type { LiveSnapshot, LiveVoice } from '../../client'

/** The present state of a live voice; renders again whenever it changes. */
export function useLive(live: LiveVoice): LiveSnapshot {
  const [snapshot, setSnapshot] = useState(() => live.snapshot())
  useEffect(
    () =>
      live.on('change', () => {
        setSnapshot(live.snapshot())
      }),
    [live],
  )
  return snapshot
}
