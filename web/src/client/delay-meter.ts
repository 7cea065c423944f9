/** Where the time between mouth and ear goes, in ms. */
export interface Delay {
  /** From the air to a whole packet: sound card, as far as the browser knows it, and the packet's own length. */
  microphoneMs: number
  /** There and back, as a question without sound takes it; null until one was asked. */
  networkMs: number | null
  /** What the box needs beyond that: waiting for the next batch, and running it. */
  queueMs: number
  /** The clean signal lags the original by this much. */
  modelMs: number
  /** What waits in the jitter buffer, and the sound card's output. */
  playbackMs: number
}

export function totalDelayMs({ microphoneMs, networkMs, queueMs, modelMs, playbackMs }: Delay): number {
  return microphoneMs + (networkMs ?? 0) + queueMs + modelMs + playbackMs
}

const SMOOTHING = 0.1

/** A value that follows its measurements slowly; null before the first. */
export class Smoothed {
  value: number | null = null

  constructor(private readonly share = SMOOTHING) {}

  update(measured: number): void {
    this.value = this.value === null ? measured : this.value + this.share * (measured - this.value)
  }
}

/** Follows the round trip by the timestamps that the box echoes. */
export class DelayMeter {
  private readonly trip = new Smoothed()

  /** From the first captured sample of a packet to its answer. */
  get roundTripMs(): number | null {
    return this.trip.value
  }

  /** Takes an answer's capture timestamp and the present time of the same clock, both wrapping at 2^32 ms. */
  update(capturedMs: number, nowMs: number): void {
    // Signed, so that one a little ahead of its clock was captured now, and not a wrap ago.
    this.trip.update(Math.max(0, (Math.round(nowMs) - capturedMs) | 0))
  }
}
