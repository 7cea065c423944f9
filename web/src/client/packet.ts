/** The audio packet of PROTOCOL.md, section 4: 12 bytes of header, then 16-bit samples, little-endian. */
export const HEADER_BYTES = 12
export const PROTOCOL_VERSION = 1
export const KIND_AUDIO = 1
export const KIND_TAIL = 2
export const FLAG_LATE = 1
export const FLAG_GAP = 2

export interface AudioPacket {
  kind: number
  /** The box was late: the samples are the aligned original, not clean. */
  late: boolean
  /** Before this packet something was lost and filled with silence. */
  gap: boolean
  sequence: number
  /** The sender's clock in ms, wraps at 2^32. */
  capturedMs: number
  /** A view into the received bytes. */
  samples: Int16Array
}

/** Reads a packet; null when it is none. */
export function decodePacket(bytes: ArrayBuffer): AudioPacket | null {
  if (bytes.byteLength < HEADER_BYTES || bytes.byteLength % 2 !== 0) return null
  const view = new DataView(bytes)
  const kind = view.getUint8(1)
  if (view.getUint8(0) !== PROTOCOL_VERSION || (kind !== KIND_AUDIO && kind !== KIND_TAIL)) return null
  const flags = view.getUint16(2, true)
  return {
    kind,
    late: (flags & FLAG_LATE) !== 0,
    gap: (flags & FLAG_GAP) !== 0,
    sequence: view.getUint32(4, true),
    capturedMs: view.getUint32(8, true),
    samples: samplesOf(bytes),
  }
}

/** The sequence number in a packet's header. */
export function readSequence(packet: ArrayBuffer): number {
  return new DataView(packet).getUint32(4, true)
}

/** Writes the sequence number into a packet's header. Mutates: `packet`. */
export function writeSequence(packet: ArrayBuffer, sequence: number): void {
  new DataView(packet).setUint32(4, sequence, true)
}

/** The samples of a packet, as a view into its bytes. Every browser's machine is little-endian. */
export function samplesOf(packet: ArrayBuffer): Int16Array {
  return new Int16Array(packet, HEADER_BYTES)
}
