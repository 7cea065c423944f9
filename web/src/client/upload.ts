import { HushboxError } from './errors'
import type { Job, JobOptions } from './job'
import type { Lane } from './lane'

/** A chunk may travel over a slow radio link, and a new job wait for a slow disk. */
const PATIENT_MS = 30_000
/** After a break that is longer than this, a person has to send the file again; the box keeps what it has. */
const LONGEST_BREAK_MS = 10 * 60_000

export interface UploadHooks {
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
  options: JobOptions,
  hooks: UploadHooks,
): Promise<void> {
  const { job, chunk_bytes } = await overBreaks(lane, () => jobOf(lane, file, options))
  hooks.onJob(job)
  let offset = job.received_bytes
  while (offset < file.size && !hooks.isOver(job.job_id)) {
    const data = await file.slice(offset, offset + chunk_bytes).arrayBuffer()
    offset = await sendChunk(lane, job.job_id, offset, data, hooks)
  }
}

/** The job that waits for the rest of such a file, or a new one: a break may have swallowed the news of one. */
async function jobOf(lane: Lane, file: File, options: JobOptions): Promise<Created> {
  const { jobs } = await lane.call<{ jobs: Job[] }>('job.list', {})
  const wanted = {
    name: file.name,
    size_bytes: file.size,
    suppression_limit_db: options.suppressionLimitDb,
    format: options.format,
  }
  const begun = jobs.find((job) => job.state === 'uploading' && isSame(job, wanted))
  if (begun !== undefined) return lane.call('job.get', { job_id: begun.job_id })
  return lane.call('job.create', wanted, PATIENT_MS)
}

type Wanted = Pick<Job, 'name' | 'size_bytes' | 'suppression_limit_db' | 'format'>

function isSame(job: Job, wanted: Wanted): boolean {
  return (Object.keys(wanted) as (keyof Wanted)[]).every((fact) => job[fact] === wanted[fact])
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
      PATIENT_MS,
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
    const { job } = await overBreaks(lane, () => lane.call<Created>('job.get', { job_id: jobId }))
    hooks.onJob(job)
    return job.received_bytes
  }
}

/** Asks again after a break, once for each time that the connection comes back. Raises HushboxError. */
async function overBreaks<Answer>(lane: Lane, ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask()
    } catch (thrown) {
      const error = HushboxError.from(thrown)
      if (error.code !== 'server_gone') throw error
      await connectedAgain(lane)
    }
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
