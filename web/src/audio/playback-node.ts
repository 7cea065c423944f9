import { PLAYBACK_PROCESSOR, type PlaybackMessage, type PlaybackReport } from './worklet-messages'

/** What the ear gets. */
export type Hearing = 'nothing' | 'clean' | 'original'

const SWITCH_S = 0.015

/** Plays what comes back through a jitter buffer on the audio thread; both signals run, a switch picks one. */
export class PlaybackNode {
  report: PlaybackReport = {
    depthSamples: 0,
    waitSamples: 0,
    targetSamples: 0,
    underruns: 0,
    trimmedSamples: 0,
  }

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly wetGain: GainNode,
    private readonly dryGain: GainNode,
  ) {
    node.connect(wetGain, 0).connect(context.destination)
    node.connect(dryGain, 1).connect(context.destination)
    node.port.onmessage = (event: MessageEvent<PlaybackReport>) => {
      this.report = event.data
    }
  }

  static async open(context: AudioContext, workletUrl: string): Promise<PlaybackNode> {
    await context.audioWorklet.addModule(workletUrl)
    const node = new AudioWorkletNode(context, PLAYBACK_PROCESSOR, {
      numberOfInputs: 0,
      numberOfOutputs: 2,
      outputChannelCount: [1, 1],
    })
    const silent = { gain: 0 }
    return new PlaybackNode(context, node, new GainNode(context, silent), new GainNode(context, silent))
  }

  /** Adds one packet of each, aligned in time. */
  play(wet: Int16Array, dry: Int16Array): void {
    this.send({ wet, dry })
  }

  /** Forgets what waits, for a new stream. */
  clear(): void {
    this.send('clear')
  }

  hear(hearing: Hearing): void {
    this.ramp(this.wetGain, hearing === 'clean' ? 1 : 0)
    this.ramp(this.dryGain, hearing === 'original' ? 1 : 0)
  }

  /** How long a packet waits in the jitter buffer, in ms. */
  get waitMs(): number {
    return (this.report.waitSamples * 1000) / this.context.sampleRate
  }

  close(): void {
    this.node.disconnect()
    this.node.port.close()
  }

  private send(message: PlaybackMessage): void {
    this.node.port.postMessage(message)
  }

  private ramp(node: GainNode, gain: number): void {
    const now = this.context.currentTime
    node.gain.cancelScheduledValues(now)
    node.gain.setValueAtTime(node.gain.value, now)
    node.gain.linearRampToValueAtTime(gain, now + SWITCH_S)
  }
}
