import { useEffect } from 'react'

/** Keeps the screen on while `wanted`, so that a phone does not lock itself and stop the microphone. */
export function useWakeLock(wanted: boolean): void {
  useEffect(() => {
    if (!wanted || !('wakeLock' in navigator)) return undefined
    let lock: WakeLockSentinel | null = null
    let over = false
    const ask = async () => {
      // The browser takes it away when the page is hidden; it is asked for again when the page is back.
      if (document.visibilityState !== 'visible') return
      try {
        const granted = await navigator.wakeLock.request('screen')
        if (over) void granted.release()
        else lock = granted
      } catch {
        // Refused, as on a low battery: the sound goes on until the device sleeps.
      }
    }
    const back = () => void ask()
    void ask()
    document.addEventListener('visibilitychange', back)
    return () => {
      over = true
      document.removeEventListener('visibilitychange', back)
      void lock?.release()
    }
  }, [wanted])
}
