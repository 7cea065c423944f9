import { HEADER_BYTES, KIND_AUDIO, PROTOCOL_VERSION } from '../client/packet'
import { toInt16 } from './pcm'
import { RingBuffer } from './ring-buffer'

const BACKLOG_PACKETS = 50

/**
 * Turns blocks of microphone samples into whole packets, ready for the wire, without allocating.
 *
 * While nobody takes packets, samples wait in a ring of one second; beyond that the oldest packet is dropped, and the
 * jump in the sequence numbers tells so.
 *
 * Thread: one. Mutates: itself.
 */
export class CapturePacker {
  droppedPackets = 0
  private readonly ring: RingBuffer
  private sequence = 0
  private packetStartFrame = 0

  constructor(
    private readonly packetSamples: number,
    private readonly rateHz: number,
  ) {
    this.ring = new RingBuffer(packetSamples * BACKLOG_PACKETS)
  }

  /** Takes one block (one array per channel, mixed to mono here) whose first sample has the number `frame`. */
  write(channels: readonly Float32Array[], frame: number): void {
    const first = channels[0]
    if (first === undefined) return
    this.packetStartFrame = frame - this.ring.size
    for (let i = 0; i < first.length; i++) {
      if (this.ring.free === 0) this.dropOldest()
      let sum = 0
      for (const channel of channels) sum += channel[i] ?? 0
      this.ring.push(sum / channels.length)
    }
  }

  /** Whether a whole packet waits. */
  get ready(): boolean {
    return this.ring.size >= this.packetSamples
  }

  /** Moves the next packet, which must be `ready`, into `packet`. */
  take(packet: DataView): void {
    packet.setUint8(0, PROTOCOL_VERSION)
    packet.setUint8(1, KIND_AUDIO)
    packet.setUint16(2, 0, true)
    packet.setUint32(4, this.sequence, true)
    packet.setUint32(8, Math.round((this.packetStartFrame * 1000) / this.rateHz) >>> 0, true)
    for (let i = 0; i < this.packetSamples; i++) {
      packet.setInt16(HEADER_BYTES + 2 * i, toInt16(this.ring.shift()), true)
    }
    this.advance()
  }

  private dropOldest(): void {
    this.ring.skip(this.packetSamples)
    this.droppedPackets += 1
    this.advance()
  }

  private advance(): void {
    this.sequence += 1
    this.packetStartFrame += this.packetSamples
  }
}
