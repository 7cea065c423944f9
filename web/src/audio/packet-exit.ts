import { RingWriter } from './shared-ring'

/** How packets leave the audio thread. */
export interface PacketExit {
  /** Room for one packet; null while there is none. */
  room(): DataView | null
  /** Sends what was written into the room that was given last. */
  send(): void
}

/** Packets that may be under way at once. */
export const PACKETS_UNDER_WAY = 16

/** Buffers that change hands with the other thread, which gives them back. */
export class TransferExit implements PacketExit {
  private readonly pool: DataView<ArrayBuffer>[] = []
  private readonly transfer: ArrayBuffer[] = []

  constructor(
    private readonly port: Pick<MessagePort, 'postMessage'>,
    packetBytes: number,
  ) {
    for (let i = 0; i < PACKETS_UNDER_WAY; i++) this.recycle(new ArrayBuffer(packetBytes))
  }

  room(): DataView | null {
    return this.pool.at(-1) ?? null
  }

  send(): void {
    const packet = this.pool.pop()
    if (packet === undefined) return
    this.transfer[0] = packet.buffer
    this.port.postMessage(packet.buffer, this.transfer)
  }

  recycle(buffer: ArrayBuffer): void {
    if (this.pool.length < PACKETS_UNDER_WAY) this.pool.push(new DataView(buffer))
  }
}

/** Memory that both threads see. */
export class SharedExit implements PacketExit {
  private readonly ring: RingWriter
  private readonly words: Int16Array<ArrayBuffer>
  private readonly packet: DataView

  constructor(memory: SharedArrayBuffer, packetBytes: number) {
    this.ring = new RingWriter(memory)
    this.words = new Int16Array(packetBytes / 2)
    this.packet = new DataView(this.words.buffer)
  }

  room(): DataView | null {
    return this.ring.hasRoom(this.words.length) ? this.packet : null
  }

  send(): void {
    this.ring.write(this.words)
  }
}
