import type { StreamInfo, StreamSummary } from './audio-lane'
import type { LiveStream } from './live-stream'

/** What became of the sound from switching on to switching off, over all the streams that this took. */
export interface RunSummary {
  seconds: number
  lostSeconds: number
  /** Came back, but as it was: the box had no time to clean it. */
  lateSeconds: number
  /** How often a stream ended that nobody had switched off. */
  interruptions: number
}

export const NO_RUN: RunSummary = { seconds: 0, lostSeconds: 0, lateSeconds: 0, interruptions: 0 }

/** One step of the model, at every sample rate (a frame in the box’s counts). */
const FRAME_S = 0.016

/** Adds what the box counted in a stream. */
export function withStream(run: RunSummary, counted: StreamSummary, info: StreamInfo): RunSummary {
  const lostPackets = counted.lost_packets + counted.dropped_packets + counted.unsent_packets
  return {
    ...run,
    seconds: run.seconds + counted.samples_in / info.sample_rate_hz,
    lostSeconds: run.lostSeconds + (lostPackets * info.packet_samples) / info.sample_rate_hz,
    lateSeconds: run.lateSeconds + counted.late_frames * FRAME_S,
  }
}

/** Adds a stream that nobody switched off; where the box did not count it, only its length is known. */
export function withBreak(run: RunSummary, stream: LiveStream, counted: StreamSummary | null): RunSummary {
  const longer =
    counted === null
      ? { ...run, seconds: run.seconds + stream.seconds }
      : withStream(run, counted, stream.info)
  return { ...longer, interruptions: run.interruptions + 1 }
}
