import { CapturePacker } from '../capture-packer'
import { CAPTURE_PROCESSOR, type CaptureMessage, type CaptureOptions } from '../worklet-messages'

class CaptureProcessor extends AudioWorkletProcessor {
  private readonly packer: CapturePacker
  private readonly transfer: ArrayBuffer[] = []

  constructor(options: { processorOptions: CaptureOptions }) {
    super()
    this.packer = new CapturePacker(options.processorOptions.packetSamples, sampleRate)
    this.port.onmessage = (event: MessageEvent<CaptureMessage>) => {
      this.packer.recycle(event.data)
    }
  }

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0]
    if (channels === undefined) return true
    this.packer.write(channels, currentFrame)
    let packet = this.packer.next()
    while (packet !== null) {
      this.transfer[0] = packet
      this.port.postMessage(packet, this.transfer)
      packet = this.packer.next()
    }
    return true
  }
}

registerProcessor(CAPTURE_PROCESSOR, CaptureProcessor)
