import { LevelMeter, SILENCE } from '../audio/level'
import { NoiseRemovedMeter } from '../audio/noise-removed'
import { PACKET_MS } from '../audio/rates'

/** The meters of one stream. */
export class LiveMeters {
  input = SILENCE
  output = SILENCE
  readonly removed = new NoiseRemovedMeter()
  private readonly inputMeter = new LevelMeter()
  private readonly outputMeter = new LevelMeter()

  takeInput(samples: Int16Array): void {
    this.input = this.inputMeter.update(samples, PACKET_MS)
  }

  takeAnswer(wet: Int16Array, dry: Int16Array): void {
    this.output = this.outputMeter.update(wet, PACKET_MS)
    this.removed.update(wet, dry)
  }
}
