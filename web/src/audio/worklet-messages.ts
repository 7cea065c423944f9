import type { JitterBufferStats } from './jitter-buffer'

export const CAPTURE_PROCESSOR = 'hushbox-capture'
export const PLAYBACK_PROCESSOR = 'hushbox-playback'

export interface CaptureOptions {
  packetSamples: number
}

/** To the capture worklet: a packet's buffer, for reuse. From it: a packet. */
export type CaptureMessage = ArrayBuffer

/** To the playback worklet. */
export type PlaybackMessage = { wet: Int16Array; dry: Int16Array } | 'clear'

/** From the playback worklet, a few times a second. */
export type PlaybackReport = JitterBufferStats
