import { FeedWriter } from './shared-feed'
import { mayShareMemory } from './shared-memory'
import { allocateRing } from './shared-ring'
import {
  PLAYBACK_PROCESSOR,
  type PlaybackMessage,
  type PlaybackOptions,
  type PlaybackReport,
} from './worklet-messages'

/** What the ear gets. */
export type Hearing = 'nothing' | 'clean' | 'original'

/** The spectra of what plays, whether it is heard or not. */
export interface PlayedSpectra {
  clean: AnalyserNode
  original: AnalyserNode
}

const SWITCH_S = 0.015
const SPECTRUM_SIZE = 1024
/** What may wait for the audio thread: as much as its jitter buffer holds, in packets of 5 ms or more. */
const WAITING_PACKETS = 400
const LEAST_PACKET_MS = 5

/** The way of the sound to the audio thread. */
type Feed = Pick<FeedWriter, 'play' | 'clear'>

/** Plays what comes back through a jitter buffer on the audio thread; both signals run, a switch picks one. */
export class PlaybackNode {
  report: PlaybackReport = {
    depthSamples: 0,
    waitSamples: 0,
    targetSamples: 0,
    underruns: 0,
    trimmedSamples: 0,
  }
  readonly spectra: PlayedSpectra
  private readonly wetGain: GainNode
  private readonly dryGain: GainNode
  private hearing: Hearing = 'nothing'
  private originalGain = 1

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly feed: Feed,
    destination: AudioNode,
  ) {
    this.wetGain = new GainNode(context, { gain: 0 })
    this.dryGain = new GainNode(context, { gain: 0 })
    this.spectra = { clean: analyserOf(context), original: analyserOf(context) }
    node.connect(this.spectra.clean, 0)
    node.connect(this.spectra.original, 1)
    node.connect(this.wetGain, 0).connect(destination)
    node.connect(this.dryGain, 1).connect(destination)
    node.port.onmessage = (event: MessageEvent<PlaybackReport>) => {
      this.report = event.data
    }
  }

  static async open(
    context: AudioContext,
    workletUrl: string,
    destination: AudioNode,
  ): Promise<PlaybackNode> {
    await context.audioWorklet.addModule(workletUrl)
    const packetWords = (2 * context.sampleRate * LEAST_PACKET_MS) / 1000
    const memory = mayShareMemory() ? allocateRing(WAITING_PACKETS, packetWords) : null
    const processorOptions: PlaybackOptions = { memory }
    const node = new AudioWorkletNode(context, PLAYBACK_PROCESSOR, {
      numberOfInputs: 0,
      numberOfOutputs: 2,
      outputChannelCount: [1, 1],
      processorOptions,
    })
    const feed = memory === null ? messageFeed(node.port) : new FeedWriter(memory)
    return new PlaybackNode(context, node, feed, destination)
  }

  /** Adds one packet of each, aligned in time. */
  play(wet: Int16Array, dry: Int16Array): void {
    this.feed.play(wet, dry)
  }

  /** Forgets what waits, for a new stream. */
  clear(): void {
    this.feed.clear()
  }

  hear(hearing: Hearing): void {
    this.hearing = hearing
    this.ramp(this.wetGain, hearing === 'clean' ? 1 : 0)
    this.ramp(this.dryGain, hearing === 'original' ? this.originalGain : 0)
  }

  /** Makes the original so much quieter or louder that both sound equally loud; takes effect while it is heard, too. */
  matchOriginal(gain: number): void {
    if (Math.abs(gain - this.originalGain) < 0.01) return
    this.originalGain = gain
    if (this.hearing === 'original') this.ramp(this.dryGain, gain)
  }

  /** How long a packet waits in the jitter buffer, in ms. */
  get waitMs(): number {
    return (this.report.waitSamples * 1000) / this.context.sampleRate
  }

  close(): void {
    this.node.disconnect()
    this.node.port.close()
  }

  private ramp(node: GainNode, gain: number): void {
    const now = this.context.currentTime
    node.gain.cancelScheduledValues(now)
    node.gain.setValueAtTime(node.gain.value, now)
    node.gain.linearRampToValueAtTime(gain, now + SWITCH_S)
  }
}

function messageFeed(port: MessagePort): Feed {
  const send = (message: PlaybackMessage) => port.postMessage(message)
  return { play: (wet, dry) => send({ wet, dry }), clear: () => send('clear') }
}

function analyserOf(context: AudioContext): AnalyserNode {
  return new AnalyserNode(context, { fftSize: SPECTRUM_SIZE, smoothingTimeConstant: 0 })
}
