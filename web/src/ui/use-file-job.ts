import { useRef, useState } from 'react'
import { cleanFile, HushboxError } from '../client'
import type { Session } from './session'

export type FileJob =
  | { step: 'idle' }
  | { step: 'working'; name: string; sent: number }
  | { step: 'done'; original: File; clean: Blob }
  | { step: 'failed'; name: string; error: HushboxError }

/** One file at a time through the box. The limit of the live slider holds here too. */
export function useFileJob(session: Session) {
  const [job, setJob] = useState<FileJob>({ step: 'idle' })
  const abort = useRef<AbortController | null>(null)

  const start = async (file: File | undefined) => {
    if (file === undefined || job.step === 'working') return
    const controller = new AbortController()
    abort.current = controller
    const report = (sent: number) => setJob({ step: 'working', name: file.name, sent })
    report(0)
    try {
      const clean = await cleanFile(file, {
        token: session.client.token,
        suppressionLimitDb: session.live.snapshot().suppressionLimitDb,
        onSent: report,
        signal: controller.signal,
      })
      setJob({ step: 'done', original: file, clean })
    } catch (thrown) {
      const error = HushboxError.from(thrown)
      setJob(controller.signal.aborted ? { step: 'idle' } : { step: 'failed', name: file.name, error })
      if (error.needsPin) session.client.end(error)
    }
  }
  return { job, start, cancel: () => abort.current?.abort(), dismiss: () => setJob({ step: 'idle' }) }
}
