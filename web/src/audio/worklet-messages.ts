import type { JitterBufferStats } from './jitter-buffer'

export const CAPTURE_PROCESSOR = 'hushbox-capture'
export const PLAYBACK_PROCESSOR = 'hushbox-playback'

/** Memory that both threads see; null where the page may have none, and messages carry the sound instead. */
export type SharedMemory = SharedArrayBuffer | null

export interface CaptureOptions {
  packetSamples: number
  packetBytes: number
  memory: SharedMemory
}

export interface PlaybackOptions {
  memory: SharedMemory
}

/** Without shared memory, to the capture worklet: a packet's buffer, for reuse. From it: a packet. */
export type CaptureMessage = ArrayBuffer

/** To the playback worklet, without shared memory. */
export type PlaybackMessage = { wet: Int16Array; dry: Int16Array } | 'clear'

/** From the playback worklet, a few times a second. */
export type PlaybackReport = JitterBufferStats
