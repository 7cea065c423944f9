import type { WireError } from './errors'

export type JobState = 'uploading' | 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** What a person wishes of a file's clean version; at most so many dB are removed, or (null) all noise. */
export interface JobOptions {
  suppressionLimitDb: number | null
  format: 'wav' | 'flac'
}

/** A file in the box (PROTOCOL.md, 8). */
export interface Job {
  job_id: string
  name: string
  state: JobState
  size_bytes: number
  received_bytes: number
  format: 'wav' | 'flac'
  suppression_limit_db: number | null
  created_at_ms: number
  finished_at_ms: number | null
  expires_at_ms: number | null
  progress: number
  left_s: number | null
  jobs_ahead: number
  duration_s: number | null
  sample_rate_hz: number | null
  channels: number | null
  result_bytes: number | null
  error: WireError | null
}

export type JobProgress = Pick<Job, 'job_id' | 'state' | 'progress' | 'left_s' | 'jobs_ahead'>

export type LogDetail = 'short' | 'detailed'

export interface LogEntry {
  number: number
  at_ms: number
  level: 'info' | 'error' | 'detail'
  text: string
}
