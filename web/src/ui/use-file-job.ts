import { useRef, useState } from 'react'
import { cleanFile, HushboxError } from '../client'
import type { Session } from './session'

export type FileJob =
  | { step: 'idle' }
  | { step: 'working'; name: string; sent: number }
  | { step: 'done'; original: File; clean: Blob }

/** One file at a time through the box. The limit of the live slider holds here too. */
export function useFileJob(session: Session, onError: (error: HushboxError) => void) {
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
    } catch (error) {
      setJob({ step: 'idle' })
      if (!controller.signal.aborted) onError(HushboxError.from(error))
    }
  }
  return { job, start, cancel: () => abort.current?.abort() }
}
