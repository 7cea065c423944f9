import { toFloat } from './pcm'

/** Levels below this are shown as silence. */
export const FLOOR_DBFS = -90

export interface Level {
  rmsDbfs: number
  peakDbfs: number
}

export const SILENCE: Level = { rmsDbfs: FLOOR_DBFS, peakDbfs: FLOOR_DBFS }

/** RMS and peak of 16-bit samples in dB below full scale (a full-scale square wave is 0 dBFS). */
export function measureLevel(samples: Int16Array): Level {
  let peak = 0
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample))
  return { rmsDbfs: powerToDb(meanPower(samples)), peakDbfs: powerToDb(toFloat(peak) ** 2) }
}

/** Mean square of 16-bit samples, 1 for full scale; 0 for no samples. */
export function meanPower(samples: Int16Array): number {
  let sum = 0
  for (const sample of samples) sum += toFloat(sample) ** 2
  return samples.length === 0 ? 0 : sum / samples.length
}

/** Power as dB, never below `FLOOR_DBFS`. */
export function powerToDb(power: number): number {
  return Math.max(FLOOR_DBFS, 10 * Math.log10(Math.max(power, 1e-12)))
}

/**
 * A meter that rises at once and falls slowly, as eyes expect.
 * The peak holds for `PEAK_HOLD_MS`, then falls like the rest.
 */
export class LevelMeter {
  private static readonly FALL_DB_PER_S = 30
  private static readonly PEAK_HOLD_MS = 900
  private level = SILENCE
  private peakHeldMs = 0

  /** Takes one packet of `durationMs` and returns what the meter shows now. */
  update(samples: Int16Array, durationMs: number): Level {
    const now = measureLevel(samples)
    const fallDb = (LevelMeter.FALL_DB_PER_S * durationMs) / 1000
    const rmsDbfs = Math.max(now.rmsDbfs, this.level.rmsDbfs - fallDb)
    let peakDbfs = this.level.peakDbfs
    this.peakHeldMs += durationMs
    if (now.peakDbfs >= peakDbfs) {
      peakDbfs = now.peakDbfs
      this.peakHeldMs = 0
    } else if (this.peakHeldMs > LevelMeter.PEAK_HOLD_MS) {
      peakDbfs = Math.max(now.peakDbfs, peakDbfs - fallDb)
    }
    this.level = { rmsDbfs, peakDbfs }
    return this.level
  }
}
