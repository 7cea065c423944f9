import { expect, test } from 'vitest'
import { decodePacket, readSequence, writeSequence } from '../../src/client/packet'

/** The bytes of PROTOCOL.md, section 4, written out. */
const BYTES = [1, 1, 3, 0, 0x04, 0x03, 0x02, 0x01, 0xf0, 0xff, 0xff, 0xff, 0x01, 0x00, 0xff, 0xff]

function bytes(...changes: [number, number][]): ArrayBuffer {
  const packet = Uint8Array.from(BYTES)
  for (const [offset, value] of changes) packet[offset] = value
  return packet.buffer
}

test('reads every field of the header and the samples', () => {
  expect(decodePacket(bytes())).toEqual({
    kind: 1,
    late: true,
    gap: true,
    packets: 1,
    leftOut: false,
    sequence: 0x01020304,
    capturedMs: 0xfffffff0,
    samples: Int16Array.of(1, -1),
  })
})

test('is null for another version, another kind, half a header and half a sample', () => {
  expect(decodePacket(bytes([0, 2]))).toBeNull()
  expect(decodePacket(bytes([1, 4]))).toBeNull()
  expect(decodePacket(new ArrayBuffer(11))).toBeNull()
  expect(decodePacket(new ArrayBuffer(13))).toBeNull()
})

test('writes the sequence number where it reads it', () => {
  const packet = bytes()
  writeSequence(packet, 0xfffffffe)
  expect(readSequence(packet)).toBe(0xfffffffe)
})
