/** What the estimate gives way with each arrival, so that it follows two clocks that drift apart. */
const DRIFT_MS = 0.01

/**
 * Tells in the time of one clock when something happened that carries the time of another.
 *
 * Nothing arrives before it happened: the least time on the way that was seen is taken for what lies between the clocks,
 * and what took longer waited.
 */
export class ArrivalClock {
  private offsetMs = Infinity

  /** When what is stamped `stampMs` and arrives at `nowMs` could have arrived. */
  arrivalMs(stampMs: number, nowMs: number): number {
    this.offsetMs = Math.min(nowMs - stampMs, this.offsetMs + DRIFT_MS)
    return stampMs + this.offsetMs
  }
}
