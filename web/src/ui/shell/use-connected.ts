import { useEffect, useState } from 'react'
import type { Session } from './session'

/** Whether the session's connection stands right now. */
export function useConnected(session: Session | null): boolean {
  const [connected, setConnected] = useState(false)
  useEffect(() => {
    if (session === null) return undefined
    const read = () => {
      setConnected(session.connection.connected)
    }
    read()
    return session.connection.on('connection', read)
  }, [session])
  return connected && session !== null
}
