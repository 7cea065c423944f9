import { meanPower } from './level'

const HISTORY_PACKETS = 150
const QUIET_SHARE = 0.2
/** Digital silence: there is no noise to remove. */
const SILENT_POWER = 1e-9

/**
 * Measures how much quieter the noise became: in the quietest fifth of the last three seconds (at 20 ms a packet),
 * where there is noise between the words, not in the words, which stay as loud as they were.
 */
export class NoiseRemovedMeter {
  private readonly dryPowers: number[] = []
  private readonly wetPowers: number[] = []
  private count = 0

  /** Takes one packet of each, aligned in time. */
  update(wet: Int16Array, dry: Int16Array): void {
    const dryPower = meanPower(dry)
    if (dryPower < SILENT_POWER) return
    this.dryPowers[this.count % HISTORY_PACKETS] = dryPower
    this.wetPowers[this.count % HISTORY_PACKETS] = meanPower(wet)
    this.count += 1
  }

  /** dB taken away from the noise, 0 or more; null before any sound. */
  get removedDb(): number | null {
    if (this.count === 0) return null
    const threshold = quantile(this.dryPowers, QUIET_SHARE)
    let dry = 0
    let wet = 0
    this.dryPowers.forEach((power, index) => {
      if (power > threshold) return
      dry += power
      wet += Math.max(this.wetPowers[index] ?? 0, SILENT_POWER)
    })
    return Math.max(0, 10 * Math.log10(dry / wet))
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0
}
