import { useEffect, useState } from 'react'
import type { RecordingDesk } from '../../recordings/desk'
import type { RecordingFacts } from '../../recordings/shelf'

/** The recordings of this browser, newest first; null until they are known. */
export function useRecordings(desk: RecordingDesk): RecordingFacts[] | null {
  const [all, setAll] = useState<RecordingFacts[] | null>(null)
  useEffect(() => {
    let over = false
    const read = () => {
      desk.list().then(
        (found) => {
          if (!over) setAll(found)
        },
        // The browser keeps nothing, as in some private windows; recording says so.
        () => setAll([]),
      )
    }
    read()
    const stop = desk.on('change', read)
    return () => {
      over = true
      stop()
    }
  }, [desk])
  return all
}
