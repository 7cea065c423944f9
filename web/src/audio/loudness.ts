import { toFloat } from './pcm'

interface Biquad {
  b0: number
  b1: number
  b2: number
  a1: number
  a2: number
}

/** K-weighting at any rate: a shelf for the head and a high-pass. Source: ITU-R BS.1770-5, annex 1, as analogue prototypes. */
function kWeighting(rateHz: number): [Biquad, Biquad] {
  const shelfK = Math.tan((Math.PI * 1681.9745) / rateHz)
  const shelfQ = 0.7071752
  const high = 10 ** (3.9998438 / 20)
  const band = high ** 0.4996668
  const shelfA0 = 1 + shelfK / shelfQ + shelfK ** 2
  const passK = Math.tan((Math.PI * 38.1354709) / rateHz)
  const passQ = 0.500327
  const passA0 = 1 + passK / passQ + passK ** 2
  return [
    {
      b0: (high + (band * shelfK) / shelfQ + shelfK ** 2) / shelfA0,
      b1: (2 * (shelfK ** 2 - high)) / shelfA0,
      b2: (high - (band * shelfK) / shelfQ + shelfK ** 2) / shelfA0,
      a1: (2 * (shelfK ** 2 - 1)) / shelfA0,
      a2: (1 - shelfK / shelfQ + shelfK ** 2) / shelfA0,
    },
    {
      b0: 1,
      b1: -2,
      b2: 1,
      a1: (2 * (passK ** 2 - 1)) / passA0,
      a2: (1 - passK / passQ + passK ** 2) / passA0,
    },
  ]
}

/** The K-weighted mean square of one packet after the other. Mutates: itself. */
export class KWeightedPower {
  private readonly stages: { filter: Biquad; z1: number; z2: number }[]

  constructor(rateHz: number) {
    this.stages = kWeighting(rateHz).map((filter) => ({ filter, z1: 0, z2: 0 }))
  }

  update(samples: Int16Array): number {
    let power = 0
    for (const sample of samples) {
      let value = toFloat(sample)
      for (const stage of this.stages) {
        const { b0, b1, b2, a1, a2 } = stage.filter
        const out = b0 * value + stage.z1
        stage.z1 = b1 * value - a1 * out + stage.z2
        stage.z2 = b2 * value - a2 * out
        value = out
      }
      power += value ** 2
    }
    return samples.length === 0 ? 0 : power / samples.length
  }
}

const MEMORY_PACKETS = 200
/** Beyond this the two no longer hold the same thing, as in a pause full of noise. */
const MOST_GAIN_DB = 12
/** Only what is within 10 dB of the mean counts, as loudness meters do it, so that pauses do not. Source: BS.1770-5. */
const GATE = 0.1

/**
 * How much the original has to be turned down or up to sound as loud as the clean signal, so that a comparison is not
 * decided by the louder of two. From the loud parts of the last few seconds of both.
 */
export class LoudnessMatch {
  private readonly clean: KWeightedPower
  private readonly original: KWeightedPower
  private readonly cleanPowers: number[] = []
  private readonly originalPowers: number[] = []
  private count = 0

  constructor(rateHz: number) {
    this.clean = new KWeightedPower(rateHz)
    this.original = new KWeightedPower(rateHz)
  }

  /** Takes one packet of each, aligned in time. */
  update(wet: Int16Array, dry: Int16Array): void {
    const index = this.count % MEMORY_PACKETS
    this.cleanPowers[index] = this.clean.update(wet)
    this.originalPowers[index] = this.original.update(dry)
    this.count += 1
  }

  /** The factor for the original, 0.25 to 4; 1 before any sound. */
  get originalGain(): number {
    return gainBetween(this.originalPowers, this.cleanPowers)
  }
}

/** The factor, 0.25 to 4, that makes a signal with the powers `from` as loud as one with the powers `to`; 1 for silence. */
export function gainBetween(from: readonly number[], to: readonly number[]): number {
  const [source, target] = [gatedMean(from), gatedMean(to)]
  if (source <= 0 || target <= 0) return 1
  const gainDb = 10 * Math.log10(target / source)
  return 10 ** (Math.max(-MOST_GAIN_DB, Math.min(MOST_GAIN_DB, gainDb)) / 20)
}

function gatedMean(powers: readonly number[]): number {
  const mean = average(powers)
  return average(powers.filter((power) => power >= GATE * mean))
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
