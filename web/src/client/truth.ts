import type { Hearing } from '../audio/playback-node'
import { cleanedOf, type RecentAnswers } from './answer-window'

/**
 * What is true about the sound right now. Only `on` means that the noise is being removed:
 * it is concluded from packets that arrived lately and say so, never from what was asked for.
 */
export type Truth =
  | 'off'
  | 'starting'
  | 'on'
  /** Part of the last second was original sound, or the answers are too old. */
  | 'late'
  /** The whole last second was original sound, or the limit of 0 dB lets all noise through. */
  | 'bypassed'
  /** Removed, but the listener has switched to the original. */
  | 'original'
  /** Connected, but nothing comes back. */
  | 'stalled'
  | 'reconnecting'
  /** The browser or the system holds the sound, as during a phone call. */
  | 'interrupted'
  /** The system or a key on the device mutes the microphone. */
  | 'muted'

export interface Evidence {
  wanted: boolean
  connected: boolean
  /** The audio of this page runs. */
  running: boolean
  muted: boolean
  streaming: boolean
  hearing: Hearing
  suppressionLimitDb: number | null
  answers: RecentAnswers
  roundTripMs: number | null
}

const SILENT_MS = 400
const OLD_MS = 600

export function truthOf(evidence: Evidence): Truth {
  const { answers, roundTripMs } = evidence
  if (!evidence.wanted) return 'off'
  if (!evidence.connected) return 'reconnecting'
  if (evidence.streaming && !evidence.running) return 'interrupted'
  if (!evidence.streaming || answers.silentMs === null) return 'starting'
  if (answers.silentMs > SILENT_MS || answers.total === 0) return 'stalled'
  const cleaned = cleanedOf(answers)
  if (evidence.suppressionLimitDb === 0 || cleaned === 'none') return 'bypassed'
  if (evidence.muted) return 'muted'
  if (cleaned === 'part' || (roundTripMs ?? 0) > OLD_MS) return 'late'
  return evidence.hearing === 'original' ? 'original' : 'on'
}
