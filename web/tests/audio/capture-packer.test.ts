import { describe, expect, test } from 'vitest'
import { CapturePacker } from '../../src/audio/capture-packer'
import { decodePacket, type AudioPacket } from '../../src/client/packet'

const RATE_HZ = 48000
const PACKET_SAMPLES = 960

function block(from: number, length = 128): Float32Array {
  return Float32Array.from({ length }, (_, i) => (from + i) / 32768)
}

function drain(packer: CapturePacker, packetSamples = PACKET_SAMPLES, most = Infinity): AudioPacket[] {
  const packets: AudioPacket[] = []
  while (packer.ready && packets.length < most) {
    const view = new DataView(new ArrayBuffer(12 + 2 * packetSamples))
    packer.take(view)
    const packet = decodePacket(view.buffer)
    if (packet !== null) packets.push(packet)
  }
  return packets
}

describe('CapturePacker', () => {
  test('cuts blocks of 128 into contiguous numbered packets', () => {
    const packer = new CapturePacker(PACKET_SAMPLES, RATE_HZ)
    const packets: AudioPacket[] = []
    for (let frame = 0; frame < 9600; frame += 128) {
      packer.write([block(frame)], frame)
      packets.push(...drain(packer))
    }
    expect(packets.map((packet) => packet.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(packets.map((packet) => packet.capturedMs)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180])
    const heard = packets.flatMap((packet) => Array.from(packet.samples))
    expect(heard).toEqual(Array.from({ length: 9600 }, (_, i) => i))
  })

  test('mixes several channels to their mean', () => {
    const packer = new CapturePacker(128, RATE_HZ)
    packer.write([block(100), block(300)], 0)
    expect(drain(packer, 128)[0]?.samples[0]).toBe(200)
  })

  test('clips what is louder than full scale instead of wrapping it', () => {
    const packer = new CapturePacker(2, RATE_HZ)
    packer.write([Float32Array.of(1.5, -1.5)], 0)
    expect(Array.from(drain(packer, 2)[0]?.samples ?? [])).toEqual([32767, -32768])
  })

  test('keeps samples while nobody takes them, and tells of those it had to drop', () => {
    const packer = new CapturePacker(PACKET_SAMPLES, RATE_HZ)
    // One second waits, 20 packets more are too many.
    for (let frame = 0; frame < PACKET_SAMPLES * 70; frame += PACKET_SAMPLES) {
      packer.write([block(0, PACKET_SAMPLES)], frame)
    }
    expect(packer.droppedPackets).toBe(20)
    expect(drain(packer, PACKET_SAMPLES, 1)[0]).toMatchObject({ sequence: 20, capturedMs: 400 })
    expect(drain(packer)).toHaveLength(49)
  })

  test('keeps the end of a block that is longer than what may wait', () => {
    const packer = new CapturePacker(2, RATE_HZ)
    packer.write([block(0, 1000)], 0)
    expect(packer.droppedPackets).toBe(450)
    expect(drain(packer, 2)[0]).toMatchObject({ sequence: 450, samples: Int16Array.of(900, 901) })
  })

  test('has whole packets of 20 ms at 44.1 kHz', () => {
    const packer = new CapturePacker(882, 44100)
    for (let frame = 0; frame < 44100; frame += 100) packer.write([block(frame, 100)], frame)
    expect(drain(packer, 882).at(-1)).toMatchObject({ sequence: 49, capturedMs: 980 })
  })
})
