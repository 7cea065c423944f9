import { useEffect, useReducer } from 'react'
import { changeNotices, type Notices } from './notices'

const PASSING_MS = 8000

/** The page's notices, and how to tell it what happened. */
export function useNotices(initial: Notices) {
  const [notices, tell] = useReducer(changeNotices, initial)
  const { passing } = notices
  useEffect(() => {
    if (passing === undefined) return undefined
    const timer = setTimeout(() => tell({ type: 'ended', cause: 'passing' }), PASSING_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [passing])
  return { notices, tell }
}
