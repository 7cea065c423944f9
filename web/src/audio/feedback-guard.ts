import { measureLevel } from './level'

const WINDOW_PACKETS = 40
const LOUD_DBFS = -30
const STEADY_DB = 6
/** A whistle is a sine, 3 dB from its RMS to its peak; speech and noise have 9 dB and more. */
const MOST_CREST_DB = 6

/**
 * Notices the whistle of a loudspeaker that is heard by its microphone: loud, steady and tonal for most of a second.
 * It listens to what is played, which is where a loop builds up.
 */
export class FeedbackGuard {
  private readonly levels: number[] = []

  /** Takes one played packet; true when it is time to be quiet. */
  hears(samples: Int16Array): boolean {
    const { rmsDbfs, peakDbfs } = measureLevel(samples)
    if (rmsDbfs < LOUD_DBFS || peakDbfs - rmsDbfs > MOST_CREST_DB) {
      this.levels.length = 0
      return false
    }
    this.levels.push(rmsDbfs)
    if (this.levels.length > WINDOW_PACKETS) this.levels.shift()
    const range = Math.max(...this.levels) - Math.min(...this.levels)
    return this.levels.length === WINDOW_PACKETS && range < STEADY_DB
  }

  reset(): void {
    this.levels.length = 0
  }
}
