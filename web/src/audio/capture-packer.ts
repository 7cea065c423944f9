import { HEADER_BYTES, KIND_AUDIO, PROTOCOL_VERSION } from '../client/packet'
import { toInt16 } from './pcm'
import { RingBuffer } from './ring-buffer'

const BACKLOG_PACKETS = 50
const POOL_PACKETS = 16

/**
 * Turns blocks of microphone samples into whole packets, ready for the wire, without allocating.
 *
 * Buffers leave through `next()` and come back through `recycle()`. While none is at hand, samples wait in a ring of
 * one second; beyond that the oldest packet is dropped, and the jump in the sequence numbers tells so.
 *
 * Thread: the audio thread. Mutates: itself.
 */
export class CapturePacker {
  droppedPackets = 0
  private readonly ring: RingBuffer
  private readonly pool: ArrayBuffer[] = []
  private sequence = 0
  private packetStartFrame = 0

  constructor(
    private readonly packetSamples: number,
    private readonly rateHz: number,
  ) {
    this.ring = new RingBuffer(packetSamples * BACKLOG_PACKETS)
    for (let i = 0; i < POOL_PACKETS; i++) this.pool.push(new ArrayBuffer(HEADER_BYTES + 2 * packetSamples))
  }

  /** Takes one block (one array per channel, mixed to mono here) whose first sample has the number `frame`. */
  write(channels: readonly Float32Array[], frame: number): void {
    const first = channels[0]
    if (first === undefined) return
    if (this.ring.size === 0) this.packetStartFrame = frame
    while (this.ring.free < first.length) this.dropOldest()
    for (let i = 0; i < first.length; i++) {
      let sum = 0
      for (const channel of channels) sum += channel[i] ?? 0
      this.ring.push(sum / channels.length)
    }
  }

  /** The next whole packet, or null when there is none or every buffer is still out. */
  next(): ArrayBuffer | null {
    if (this.ring.size < this.packetSamples) return null
    const buffer = this.pool.pop()
    if (buffer === undefined) return null
    const view = new DataView(buffer)
    view.setUint8(0, PROTOCOL_VERSION)
    view.setUint8(1, KIND_AUDIO)
    view.setUint16(2, 0, true)
    view.setUint32(4, this.sequence, true)
    view.setUint32(8, Math.round((this.packetStartFrame * 1000) / this.rateHz) >>> 0, true)
    for (let i = 0; i < this.packetSamples; i++) {
      view.setInt16(HEADER_BYTES + 2 * i, toInt16(this.ring.shift()), true)
    }
    this.advance()
    return buffer
  }

  recycle(buffer: ArrayBuffer): void {
    if (this.pool.length < POOL_PACKETS) this.pool.push(buffer)
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
