/** The audio packet of PROTOCOL.md, section 4: 12 bytes of header, then 16-bit samples, little-endian. */
export const HEADER_BYTES = 12
export const PROTOCOL_VERSION = 1
export const KIND_AUDIO = 1
export const KIND_TAIL = 2
/** Stands for packets that cannot be had any more. */
export const KIND_SILENCE = 3
export const FLAG_LATE = 1
export const FLAG_GAP = 2
export const FLAG_LEFT_OUT = 4

const KINDS = [KIND_AUDIO, KIND_TAIL, KIND_SILENCE]

export interface AudioPacket {
  kind: number
  /** The box was late: the samples are the aligned original, not clean. */
  late: boolean
  /** Before this packet something was lost and filled with silence. */
  gap: boolean
  sequence: number
  /** The sender's clock in ms, wraps at 2^32. */
  capturedMs: number
  /** A view into the received bytes; empty where the packet stands for silence. */
  samples: Int16Array
  /** How many packets this one stands for: 1, or of silence any number. */
  packets: number
  /** Packets before this one were left out for this listener. */
  leftOut: boolean
}

/** Reads a packet; null when it is none. */
export function decodePacket(bytes: ArrayBuffer): AudioPacket | null {
  if (bytes.byteLength < HEADER_BYTES || bytes.byteLength % 2 !== 0) return null
  const view = new DataView(bytes)
  const kind = view.getUint8(1)
  if (view.getUint8(0) !== PROTOCOL_VERSION || !KINDS.includes(kind)) return null
  const silence = kind === KIND_SILENCE
  if (silence && bytes.byteLength !== HEADER_BYTES + 4) return null
  const flags = view.getUint16(2, true)
  return {
    kind,
    late: (flags & FLAG_LATE) !== 0,
    gap: (flags & FLAG_GAP) !== 0,
    sequence: view.getUint32(4, true),
    capturedMs: view.getUint32(8, true),
    samples: silence ? new Int16Array(0) : samplesOf(bytes),
    packets: silence ? view.getUint32(HEADER_BYTES, true) : 1,
    leftOut: (flags & FLAG_LEFT_OUT) !== 0,
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
