import { HEADER_BYTES } from '../client/packet'
import type { Capture } from './capture'
import { PACKETS_UNDER_WAY } from './packet-exit'
import { mayShareMemory } from './shared-memory'
import { allocateRing, NOTHING, RingReader } from './shared-ring'
import { CAPTURE_PROCESSOR, type CaptureMessage, type CaptureOptions } from './worklet-messages'

/** Listens to a microphone on the audio thread. */
export class CaptureNode implements Capture {
  private source: MediaStreamAudioSourceNode | null = null

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly stopReceiving: () => void,
  ) {}

  /** Loads the worklet; `onPacket` gets each packet, whose buffer is reused when it returns. */
  static async open(
    context: AudioContext,
    workletUrl: string,
    packetSamples: number,
    onPacket: (packet: ArrayBuffer) => void,
  ): Promise<CaptureNode> {
    await context.audioWorklet.addModule(workletUrl)
    const packetBytes = HEADER_BYTES + 2 * packetSamples
    const memory = mayShareMemory() ? allocateRing(PACKETS_UNDER_WAY, packetBytes / 2) : null
    const processorOptions: CaptureOptions = { packetSamples, packetBytes, memory }
    // Stereo reaches the worklet as two channels, which it mixes itself: the browser's down-mix of others is a sum.
    const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, { numberOfOutputs: 0, processorOptions })
    const stopReceiving =
      memory === null
        ? receiveMessages(node.port, onPacket)
        : receiveShared(new RingReader(memory), packetBytes, onPacket)
    return new CaptureNode(context, node, stopReceiving)
  }

  nowMs(): number {
    return this.context.currentTime * 1000
  }

  attach(stream: MediaStream): void {
    this.source?.disconnect()
    this.source = this.context.createMediaStreamSource(stream)
    this.source.connect(this.node)
  }

  close(): void {
    this.source?.disconnect()
    this.stopReceiving()
    this.node.port.close()
  }
}

function receiveMessages(port: MessagePort, onPacket: (packet: ArrayBuffer) => void): () => void {
  port.onmessage = ({ data: packet }: MessageEvent<CaptureMessage>) => {
    onPacket(packet)
    port.postMessage(packet, [packet])
  }
  return () => {
    port.onmessage = null
  }
}

function receiveShared(
  ring: RingReader,
  packetBytes: number,
  onPacket: (packet: ArrayBuffer) => void,
): () => void {
  const packet = new Int16Array(packetBytes / 2)
  let open = true
  const receive = async () => {
    while (open) {
      while (ring.next() !== NOTHING) {
        ring.read(packet)
        try {
          onPacket(packet.buffer)
        } catch (error) {
          // One packet is lost, as one message would be; the microphone goes on.
          reportError(error)
        }
      }
      await ring.arrival()
    }
  }
  void receive()
  return () => {
    open = false
    ring.wake()
  }
}
