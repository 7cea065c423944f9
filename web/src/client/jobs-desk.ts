import type { Connection } from './connection'
import { HushboxError } from './errors'
import type { Job, JobOptions, JobProgress, LogDetail, LogEntry } from './job'
import type { Lane } from './lane'
import { sendFile } from './upload'
import { Store } from './store'

/** A file that the box did not take, and why. */
export interface Refusal {
  key: number
  name: string
  error: HushboxError
}

export interface JobLog {
  detail: LogDetail
  entries: LogEntry[]
}

interface Waiting {
  file: File
  options: JobOptions
}

/** The files of this device in the box (PROTOCOL.md, 8): sends them, and follows what becomes of them. */
export class JobsDesk extends Store<{ change: undefined }> {
  /** Null until the box has told. */
  jobs: readonly Job[] | null = null
  refusals: readonly Refusal[] = []
  readonly logs = new Map<string, JobLog>()
  /** The files that were sent from this page, as long as it is open. */
  readonly originals = new Map<string, File>()
  private readonly lane: Lane
  private readonly waiting: Waiting[] = []
  private sending = false
  /** A file is on its way to the box, which has not told of its job yet. */
  private beginning = false
  private refused = 0

  constructor(private readonly connection: Connection) {
    super()
    this.lane = connection.lane('/jobs')
    this.lane.onConnection((connected) => {
      if (connected) void this.guarded(() => this.readAll())
    })
    this.lane.on('job', (job: Job) => this.take(job))
    this.lane.on('job.progress', ({ job_id, ...progress }: JobProgress) => this.change(job_id, progress))
    this.lane.on('job.gone', ({ job_id }: { job_id: string }) => this.drop(job_id))
    this.lane.on('job.log', ({ job_id, entries }: { job_id: string; entries: LogEntry[] }) =>
      this.takeLog(job_id, entries),
    )
  }

  /** Sends files, one after the other. */
  add(files: readonly File[], options: JobOptions): void {
    for (const file of files) this.waiting.push({ file, options })
    if (!this.sending) void this.sendAll()
  }

  /** How many files wait to be sent. */
  get waitingCount(): number {
    return this.waiting.length + (this.beginning ? 1 : 0)
  }

  async again(jobId: string, { suppressionLimitDb, format }: JobOptions): Promise<void> {
    await this.guarded(async () => {
      const request = { job_id: jobId, suppression_limit_db: suppressionLimitDb, format }
      const { job } = await this.lane.call<{ job: Job }>('job.again', request)
      const original = this.originals.get(jobId)
      if (original !== undefined) this.originals.set(job.job_id, original)
      this.take(job)
    }, jobId)
  }

  async cancel(jobId: string): Promise<void> {
    await this.guarded(async () => {
      const { job } = await this.lane.call<{ job: Job }>('job.cancel', { job_id: jobId })
      this.take(job)
    }, jobId)
  }

  async remove(jobId: string): Promise<void> {
    await this.guarded(async () => {
      await this.lane.call('job.delete', { job_id: jobId })
      this.drop(jobId)
    }, jobId)
  }

  /** Reads a job's log in `detail`; what comes after is added by itself. */
  async readLog(jobId: string, detail: LogDetail): Promise<void> {
    await this.guarded(async () => {
      const request = { job_id: jobId, detail, after: 0 }
      const { entries } = await this.lane.call<{ entries: LogEntry[] }>('job.log', request)
      this.logs.set(jobId, { detail, entries })
      this.changed()
    }, jobId)
  }

  /** The clean file. Raises HushboxError. */
  async result(jobId: string): Promise<Blob> {
    const address = `${this.connection.boxUrl}/api/v1/jobs/${encodeURIComponent(jobId)}/result`
    const headers = { Authorization: `Bearer ${this.connection.token}` }
    const response = await fetch(address, { headers }).catch(() => {
      throw new HushboxError('server_gone')
    })
    if (response.ok) return response.blob()
    const body = (await response.json().catch(() => null)) as { error?: unknown } | null
    throw HushboxError.fromWire(body?.error)
  }

  dismiss(key: number): void {
    this.refusals = this.refusals.filter((refusal) => refusal.key !== key)
    this.changed()
  }

  private async sendAll(): Promise<void> {
    this.sending = true
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      const { file, options } = next
      this.beginning = true
      this.changed()
      try {
        await sendFile(this.lane, file, options, {
          onJob: (job) => {
            this.beginning = false
            this.originals.set(job.job_id, file)
            this.take(job)
          },
          onSent: (jobId, progress) => this.change(jobId, progress),
          isOver: (jobId) => this.jobs?.find((job) => job.job_id === jobId)?.state !== 'uploading',
        })
      } catch (error) {
        this.beginning = false
        this.refuse(file.name, error)
      }
    }
    this.sending = false
    this.changed()
  }

  private async readAll(): Promise<void> {
    this.jobs = (await this.lane.call<{ jobs: Job[] }>('job.list', {})).jobs
    this.changed()
  }

  private take(job: Job): void {
    const others = (this.jobs ?? []).filter((known) => known.job_id !== job.job_id)
    this.jobs = [job, ...others].sort((a, b) => b.created_at_ms - a.created_at_ms)
    this.changed()
  }

  private change(jobId: string, change: Partial<Job>): void {
    this.jobs = (this.jobs ?? []).map((job) => (job.job_id === jobId ? { ...job, ...change } : job))
    this.changed()
  }

  private drop(jobId: string): void {
    this.jobs = (this.jobs ?? []).filter((job) => job.job_id !== jobId)
    this.logs.delete(jobId)
    this.originals.delete(jobId)
    this.changed()
  }

  private takeLog(jobId: string, entries: LogEntry[]): void {
    const log = this.logs.get(jobId)
    if (log === undefined) return
    const last = log.entries.at(-1)?.number ?? 0
    const fresh = entries.filter(({ number }) => number > last)
    this.logs.set(jobId, { ...log, entries: [...log.entries, ...fresh] })
    this.changed()
  }

  private async guarded(action: () => Promise<void>, jobId = ''): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.refuse(this.jobs?.find((job) => job.job_id === jobId)?.name ?? '', error)
    }
  }

  private refuse(name: string, error: unknown): void {
    this.refused += 1
    this.refusals = [...this.refusals, { key: this.refused, name, error: HushboxError.from(error) }]
    this.changed()
  }
}
