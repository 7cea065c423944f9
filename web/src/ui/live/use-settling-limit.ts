import { useEffect, useRef, useState } from 'react'
import type { LiveVoice } from '../../client'

const SETTLE_MS = 120

/** The suppression limit as the hand moves it; the box is told when the hand rests. */
export function useSettlingLimit(live: LiveVoice) {
  const [limitDb, setLimitDb] = useState(() => live.snapshot().suppressionLimitDb)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(
    () => () => {
      clearTimeout(timer.current)
    },
    [],
  )
  const onChange = (next: number | null) => {
    setLimitDb(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void live.setSuppressionLimit(next), SETTLE_MS)
  }
  return { limitDb, onChange }
}
