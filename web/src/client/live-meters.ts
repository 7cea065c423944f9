import { LevelMeter, SILENCE } from '../audio/level'
import { LoudnessMatch } from '../audio/loudness'
import { NoiseRemovedMeter } from '../audio/noise-removed'
import { PACKET_MS } from '../audio/rates'

/** The meters of one stream. */
export class LiveMeters {
  input = SILENCE
  output = SILENCE
  readonly removed = new NoiseRemovedMeter()
  readonly loudness: LoudnessMatch
  private readonly inputMeter = new LevelMeter()
  private readonly outputMeter = new LevelMeter()

  constructor(rateHz: number) {
    this.loudness = new LoudnessMatch(rateHz)
  }

  takeInput(samples: Int16Array): void {
    this.input = this.inputMeter.update(samples, PACKET_MS)
  }

  takeAnswer(wet: Int16Array, dry: Int16Array): void {
    this.output = this.outputMeter.update(wet, PACKET_MS)
    this.removed.update(wet, dry)
    this.loudness.update(wet, dry)
  }
}
