import { CapturePacker } from '../capture-packer'
import { SharedExit, TransferExit, type PacketExit } from '../packet-exit'
import { CAPTURE_PROCESSOR, type CaptureMessage, type CaptureOptions } from '../worklet-messages'

class CaptureProcessor extends AudioWorkletProcessor {
  private readonly packer: CapturePacker
  private readonly exit: PacketExit

  constructor(options: { processorOptions: CaptureOptions }) {
    super()
    const { packetSamples, packetBytes, memory } = options.processorOptions
    this.packer = new CapturePacker(packetSamples, sampleRate)
    this.exit = memory === null ? this.transferExit(packetBytes) : new SharedExit(memory, packetBytes)
  }

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0]
    if (channels === undefined) return true
    this.packer.write(channels, currentFrame)
    while (this.packer.ready) {
      const packet = this.exit.room()
      if (packet === null) break
      this.packer.take(packet)
      this.exit.send()
    }
    return true
  }

  private transferExit(packetBytes: number): TransferExit {
    const exit = new TransferExit(this.port, packetBytes)
    this.port.onmessage = (event: MessageEvent<CaptureMessage>) => {
      exit.recycle(event.data)
    }
    return exit
  }
}

registerProcessor(CAPTURE_PROCESSOR, CaptureProcessor)
