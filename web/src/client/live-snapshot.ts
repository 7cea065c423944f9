import type { Level } from '../audio/level'
import type { Microphone } from '../audio/microphone'
import type { Hearing, PlayedSpectra } from '../audio/playback-node'
import type { Delay } from './delay-meter'
import type { HushboxError } from './errors'
import type { RunSummary } from './run-summary'
import type { Mend } from './voice-line'
import type { Truth } from './truth'

/** Everything a page may show, at one moment. */
export interface LiveSnapshot {
  truth: Truth
  /** Starting or stopping: not the moment to press again. */
  busy: boolean
  hearing: Hearing
  suppressionLimitDb: number | null
  input: Level
  output: Level
  removedDb: number | null
  delay: Delay | null
  microphone: Microphone | null
  spectra: PlayedSpectra | null
  streamId: string | null
  rateHz: number | null
  recordingSeconds: number | null
  underruns: number
  lateAnswers: number
  skippedPackets: number
  /** The last time that it was on; null before that, and while it is on. */
  lastRun: RunSummary | null
}

export interface LiveEvents {
  /** Something that a page shows has changed; about ten times a second while a stream runs. */
  change: undefined
  /** It could not be switched on, or was switched off. */
  error: HushboxError
  /** Something went wrong, and the sound goes on. */
  notice: HushboxError
  /** After a break the sound goes on. */
  mended: Mend
  /** A stream has begun; its id. */
  stream: string
}
