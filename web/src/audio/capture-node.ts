import { CAPTURE_PROCESSOR, type CaptureOptions } from './worklet-messages'

/** Listens to a microphone on the audio thread and hands out packets that are ready for the wire, one each 20 ms. */
export class CaptureNode {
  private source: MediaStreamAudioSourceNode | null = null

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {}

  /** Loads the worklet; `onPacket` gets each packet, whose buffer goes back to the audio thread when it returns. */
  static async open(
    context: AudioContext,
    workletUrl: string,
    packetSamples: number,
    onPacket: (packet: ArrayBuffer) => void,
  ): Promise<CaptureNode> {
    await context.audioWorklet.addModule(workletUrl)
    const processorOptions: CaptureOptions = { packetSamples }
    // Stereo reaches the worklet as two channels, which it mixes itself: the browser's down-mix of others is a sum.
    const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, { numberOfOutputs: 0, processorOptions })
    node.port.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      onPacket(event.data)
      node.port.postMessage(event.data, [event.data])
    }
    return new CaptureNode(context, node)
  }

  /** Listens to `stream` from now on, instead of the one before. */
  attach(stream: MediaStream): void {
    this.source?.disconnect()
    this.source = this.context.createMediaStreamSource(stream)
    this.source.connect(this.node)
  }

  close(): void {
    this.source?.disconnect()
    this.node.port.close()
  }
}
