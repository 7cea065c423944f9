import { expect, test } from 'vitest'
import { PACKETS_UNDER_WAY, SharedExit, TransferExit, type PacketExit } from '../../src/audio/packet-exit'
import { allocateRing, NOTHING, RingReader } from '../../src/audio/shared-ring'

const PACKET_BYTES = 20

/** Sends numbered packets until there is no room. */
function sendAll(exit: PacketExit, first = 0): number {
  let sent = 0
  for (let room = exit.room(); room !== null && sent < 100; room = exit.room()) {
    room.setInt16(0, first + sent, true)
    exit.send()
    sent += 1
  }
  return sent
}

test('buffers that were sent are used again when they come back', () => {
  const sent: ArrayBuffer[] = []
  const exit = new TransferExit(
    { postMessage: (buffer: ArrayBuffer) => void sent.push(buffer) },
    PACKET_BYTES,
  )
  expect(sendAll(exit)).toBe(PACKETS_UNDER_WAY)
  expect(exit.room()).toBeNull()
  const back = sent[3] ?? new ArrayBuffer(0)
  exit.recycle(back)
  expect(sendAll(exit)).toBe(1)
  expect(sent.at(-1)).toBe(back)
})

test('packets in shared memory arrive in order, and there is room again for those that were taken', () => {
  const memory = allocateRing(PACKETS_UNDER_WAY, PACKET_BYTES / 2)
  const [exit, reader] = [new SharedExit(memory, PACKET_BYTES), new RingReader(memory)]
  const first = sendAll(exit)
  expect(first).toBeGreaterThanOrEqual(PACKETS_UNDER_WAY)
  const packet = new Int16Array(PACKET_BYTES / 2)
  const seen: (number | undefined)[] = []
  const take = () => {
    reader.read(packet)
    seen.push(packet[0])
  }
  take()
  take()
  expect(sendAll(exit, first)).toBe(2)
  while (reader.next() !== NOTHING) take()
  expect(seen).toEqual(Array.from({ length: first + 2 }, (_, i) => i))
})
