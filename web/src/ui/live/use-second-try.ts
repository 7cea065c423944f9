import { useEffect, useEffectEvent, useState } from 'react'
import type { LiveVoice, Truth } from '../../client'

const LOOK_AGAIN_MS = 250

export interface SecondTry {
  /** Null while nothing is planned. */
  secondsLeft: number | null
  stopWaiting: () => void
}

/**
 * Switches on again by itself once the time is over for which the box has refused. Only while its countdown can be seen:
 * leaving the page ends it, as does a stream that starts.
 */
export function useSecondTry(live: LiveVoice, truth: Truth, connected: boolean): SecondTry {
  const [dueAtMs, setDueAtMs] = useState<number | null>(null)
  const [nowMs, setNowMs] = useState(0)
  const waiting = dueAtMs !== null && truth === 'off'
  const stopWaiting = () => setDueAtMs(null)

  useEffect(() => {
    const stop = [
      live.on('error', ({ retryable, retryAfterS }) => {
        const refusedMs = performance.now()
        setNowMs(refusedMs)
        setDueAtMs(retryable && retryAfterS !== null ? refusedMs + retryAfterS * 1000 : null)
      }),
      live.on('stream', () => setDueAtMs(null)),
    ]
    return () => {
      for (const end of stop) end()
    }
  }, [live])

  const look = useEffectEvent(() => {
    setNowMs(performance.now())
    if (dueAtMs === null || !connected || performance.now() < dueAtMs) return
    setDueAtMs(null)
    void live.start()
  })
  useEffect(() => {
    if (!waiting) return undefined
    const timer = setInterval(look, LOOK_AGAIN_MS)
    return () => clearInterval(timer)
  }, [waiting])

  const secondsLeft = waiting ? Math.max(1, Math.ceil((dueAtMs - nowMs) / 1000)) : null
  return { secondsLeft, stopWaiting }
}
