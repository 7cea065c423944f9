import { HushboxError } from './errors'
import type { Job } from './job'
import type { Lane } from './lane'

/** A chunk may travel over a slow radio link. */
const CHUNK_TIMEOUT_MS = 30_000
/** After a break that is longer than this, a person has to send the file again; the box keeps what it has. */
const LONGEST_BREAK_MS = 10 * 60_000

export interface UploadHooks {
  /** A job that already has a part of this file. */
  unfinished: Job | null
  onJob: (job: Job) => void
  onSent: (jobId: string, progress: Pick<Job, 'received_bytes' | 'progress' | 'left_s'>) => void
  /** Whether the job was cancelled or deleted meanwhile. */
  isOver: (jobId: string) => boolean
}

interface Created {
  job: Job
  chunk_bytes: number
}

/** Sends a file in chunks, each after the acknowledgement of the one before, and goes on after breaks. Raises HushboxError. */
export async function sendFile(
  lane: Lane,
  file: File,
  options: { suppressionLimitDb: number | null; format: 'wav' | 'flac' },
  hooks: UploadHooks,
): Promise<void> {
  const created = await (hooks.unfinished === null
    ? lane.call<Created>('job.create', {
        name: file.name,
        size_bytes: file.size,
        suppression_limit_db: options.suppressionLimitDb,
        format: options.format,
      })
    : lane.call<Created>('job.get', { job_id: hooks.unfinished.job_id }))
  hooks.onJob(created.job)
  const jobId = created.job.job_id
  let offset = created.job.received_bytes
  while (offset < file.size && !hooks.isOver(jobId)) {
    const data = await file.slice(offset, offset + created.chunk_bytes).arrayBuffer()
    offset = await sendChunk(lane, jobId, offset, data, hooks)
  }
}

/** Sends one chunk and gives where the next one begins. */
async function sendChunk(
  lane: Lane,
  jobId: string,
  offset: number,
  data: ArrayBuffer,
  hooks: UploadHooks,
): Promise<number> {
  try {
    const sent = await lane.call<Pick<Job, 'received_bytes' | 'progress' | 'left_s'>>(
      'job.chunk',
      { job_id: jobId, offset, data },
      CHUNK_TIMEOUT_MS,
    )
    const { received_bytes, progress, left_s } = sent
    hooks.onSent(jobId, { received_bytes, progress, left_s })
    return received_bytes
  } catch (thrown) {
    const error = HushboxError.from(thrown)
    if (error.code === 'chunk_out_of_place')
      return (error.answer as { received_bytes: number }).received_bytes
    if (error.code !== 'server_gone' && error.code !== 'server_silent') {
      if (hooks.isOver(jobId)) return offset
      throw error
    }
    await connectedAgain(lane)
    const { job } = await lane.call<Created>('job.get', { job_id: jobId })
    hooks.onJob(job)
    return job.received_bytes
  }
}

function connectedAgain(lane: Lane): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop()
      reject(new HushboxError('server_gone'))
    }, LONGEST_BREAK_MS)
    const stop = lane.onConnection((connected) => {
      if (!connected) return
      clearTimeout(timer)
      // At once where the lane is open already, when `stop` is not known yet.
      queueMicrotask(() => {
        stop()
        resolve()
      })
    })
  })
}
