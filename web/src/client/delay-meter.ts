/** Where the time between mouth and ear goes, in ms. */
export interface Delay {
  /** From the first captured sample of a packet to its answer: packet length, network both ways and the box. */
  roundTripMs: number
  /** The clean signal lags the original by this much. */
  modelMs: number
  /** What waits in the jitter buffer. */
  bufferMs: number
  /** Sound card in and out, as far as the browser knows it. */
  deviceMs: number
}

export function totalDelayMs(delay: Delay): number {
  return delay.roundTripMs + delay.modelMs + delay.bufferMs + delay.deviceMs
}

const SMOOTHING = 0.1

/** Follows the round trip by the timestamps that the box echoes. */
export class DelayMeter {
  roundTripMs: number | null = null

  /** Takes an answer's capture timestamp and the present time of the same clock, both wrapping at 2^32 ms. */
  update(capturedMs: number, nowMs: number): void {
    const tripMs = (Math.round(nowMs) - capturedMs) >>> 0
    this.roundTripMs =
      this.roundTripMs === null ? tripMs : this.roundTripMs + SMOOTHING * (tripMs - this.roundTripMs)
  }
}
