import { expect, test } from 'vitest'
import { HushboxError } from '../../src/client/errors'
import type { Job } from '../../src/client/job'
import type { Lane } from '../../src/client/lane'
import { sendFile } from '../../src/client/upload'

const CHUNK_BYTES = 4

interface Arguments {
  name: string
  size_bytes: number
  offset: number
  data: ArrayBuffer
}

/** A box that keeps what comes, but whose answer to every call in `lost` is swallowed by a break, once. */
class ForgetfulBox {
  readonly jobs: Job[] = []
  readonly calls: string[] = []

  constructor(private readonly lost: string[]) {}

  onConnection(listener: (connected: boolean) => void): () => void {
    listener(true)
    return () => undefined
  }

  call(event: string, argument: Arguments): Promise<unknown> {
    this.calls.push(event)
    const answer = this.answer(event, argument)
    const place = this.lost.indexOf(event)
    if (place < 0) return Promise.resolve(answer)
    this.lost.splice(place, 1)
    return Promise.reject(new HushboxError('server_gone'))
  }

  private answer(event: string, { offset, data, ...wanted }: Arguments): unknown {
    if (event === 'job.list') return { jobs: this.jobs.map((job) => ({ ...job })) }
    if (event === 'job.create')
      this.jobs.push({ job_id: 'j1', state: 'uploading', received_bytes: 0, ...wanted } as Job)
    const job = this.jobs.at(-1)
    if (job === undefined) throw new HushboxError('job_unknown')
    if (event === 'job.chunk') job.received_bytes = offset + data.byteLength
    return event === 'job.chunk' ? { ...job } : { job: { ...job }, chunk_bytes: CHUNK_BYTES }
  }
}

async function send(box: ForgetfulBox): Promise<void> {
  await sendFile(
    box as unknown as Lane,
    new File(['ten bytes.'], 'talk.wav'),
    { suppressionLimitDb: null, format: 'wav' },
    { onJob: () => undefined, onSent: () => undefined, isOver: () => false },
  )
}

test('a file goes up in chunks', async () => {
  const box = new ForgetfulBox([])
  await send(box)
  expect(box.calls).toEqual(['job.list', 'job.create', 'job.chunk', 'job.chunk', 'job.chunk'])
})

test.each([
  [['job.list']],
  [['job.create']],
  [['job.create', 'job.list', 'job.get']],
  [['job.chunk']],
  [['job.chunk', 'job.get', 'job.get']],
])('a break that swallows the answers to %s makes no second job and loses nothing', async (lost) => {
  const box = new ForgetfulBox([...lost])
  await send(box)
  expect(box.jobs.map((job) => job.received_bytes)).toEqual([10])
  expect(box.calls.filter((call) => call === 'job.create')).toHaveLength(1)
})

test('the rest of a file that was to become another format is another job', async () => {
  const box = new ForgetfulBox([])
  box.jobs.push({ job_id: 'j0', state: 'uploading', name: 'talk.wav', size_bytes: 10, format: 'flac' } as Job)
  await send(box)
  expect(box.jobs.map((job) => job.received_bytes)).toEqual([undefined, 10])
})

test('a box that is there and does not answer is told, not asked for ever', async () => {
  const box = new ForgetfulBox([])
  box.call = () => Promise.reject(new HushboxError('server_silent'))
  await expect(send(box)).rejects.toMatchObject({ code: 'server_silent' })
})

test('a refusal is told', async () => {
  const box = new ForgetfulBox([])
  box.call = () => Promise.reject(new HushboxError('disk_full'))
  await expect(send(box)).rejects.toMatchObject({ code: 'disk_full' })
})
