import { JitterBuffer } from '../jitter-buffer'
import { FeedReader } from '../shared-feed'
import {
  PLAYBACK_PROCESSOR,
  type PlaybackMessage,
  type PlaybackOptions,
  type PlaybackReport,
} from '../worklet-messages'

const REPORT_S = 0.2

class PlaybackProcessor extends AudioWorkletProcessor {
  private readonly buffer = new JitterBuffer(sampleRate)
  private readonly feed: FeedReader | null
  private readonly report: PlaybackReport = {
    depthSamples: 0,
    waitSamples: 0,
    targetSamples: 0,
    underruns: 0,
    trimmedSamples: 0,
  }
  private reportedAt = 0

  constructor(options: { processorOptions: PlaybackOptions }) {
    super()
    const { memory } = options.processorOptions
    this.feed = memory === null ? null : new FeedReader(memory, sampleRate, this.buffer)
    this.port.onmessage = (event: MessageEvent<PlaybackMessage>) => {
      const message = event.data
      if (message === 'clear') this.buffer.clear()
      else this.buffer.push(message.wet, message.dry)
    }
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    this.feed?.drain()
    const wet = outputs[0]?.[0]
    const dry = outputs[1]?.[0]
    if (wet !== undefined && dry !== undefined) this.buffer.pull(wet, dry)
    if (currentTime - this.reportedAt >= REPORT_S) {
      this.reportedAt = currentTime
      this.buffer.report(this.report)
      this.port.postMessage(this.report)
    }
    return true
  }
}

registerProcessor(PLAYBACK_PROCESSOR, PlaybackProcessor)
