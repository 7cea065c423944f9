import type { AudioLane } from './audio-lane'
import { Smoothed } from './delay-meter'

const INTERVAL_MS = 2000

/**
 * How long the network takes there and back: asks the box for something that costs it nothing, every two seconds,
 * on the connection that carries the sound.
 */
export class NetworkProbe {
  private readonly trip = new Smoothed(0.3)
  private readonly timer: ReturnType<typeof setInterval>

  /** `limitDb` gives the limit that the stream has; to set it again is the question. */
  constructor(
    private readonly lane: AudioLane,
    private readonly limitDb: () => number | null,
  ) {
    this.timer = setInterval(() => void this.ask(), INTERVAL_MS)
    void this.ask()
  }

  get networkMs(): number | null {
    return this.trip.value
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async ask(): Promise<void> {
    const askedMs = performance.now()
    try {
      await this.lane.setSuppressionLimit(this.limitDb())
      this.trip.update(performance.now() - askedMs)
    } catch {
      // No stream or no connection: the line itself tells about that.
    }
  }
}
