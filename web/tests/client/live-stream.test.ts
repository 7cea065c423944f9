import { describe, expect, test } from 'vitest'
import { DelayMeter } from '../../src/client/delay-meter'
import { LiveStream } from '../../src/client/live-stream'
import { decodePacket, readSequence, samplesOf, writeSequence } from '../../src/client/packet'
import type { StreamInfo } from '../../src/client/session-client'

const PACKET = 160
const DELAY = 100
const INFO: StreamInfo = {
  stream_id: 's',
  sample_rate_hz: 8000,
  packet_samples: PACKET,
  delay_samples: DELAY,
  delay_ms: 12.5,
  suppression_limit_db: null,
  model: 'test',
  limits: { max_backlog_packets: 50, deadline_ms: 40 },
}

function captured(sequence: number): ArrayBuffer {
  const packet = new ArrayBuffer(12 + 2 * PACKET)
  const view = new DataView(packet)
  view.setUint8(0, 1)
  view.setUint8(1, 1)
  writeSequence(packet, sequence)
  view.setUint32(8, sequence * 20, true)
  samplesOf(packet).forEach((_, i, samples) => (samples[i] = sequence * PACKET + i))
  return packet
}

function answer(stream: LiveStream, packet: ArrayBuffer, nowMs = 0) {
  const decoded = decodePacket(packet)
  return decoded === null ? null : stream.takeAnswer(decoded, nowMs, nowMs)
}

describe('LiveStream', () => {
  test('numbers packets from 0 wherever the microphone had got to', () => {
    const stream = new LiveStream(INFO)
    const packet = captured(7000)
    expect(stream.takeInput(packet)).toBe('send')
    expect(readSequence(packet)).toBe(0)
  })

  test('pairs every clean sample with the original that it was made of', () => {
    const stream = new LiveStream(INFO)
    const dry: number[] = []
    for (let i = 0; i < 5; i++) {
      const packet = captured(i)
      stream.takeInput(packet)
      dry.push(...(answer(stream, packet.slice(0))?.dry ?? []))
    }
    expect(dry.slice(DELAY)).toEqual(Array.from({ length: 5 * PACKET - DELAY }, (_, i) => i))
  })

  test('ignores an answer that came before', () => {
    const stream = new LiveStream(INFO)
    const packet = captured(0)
    stream.takeInput(packet)
    expect(answer(stream, packet.slice(0))).not.toBeNull()
    expect(answer(stream, packet.slice(0))).toBeNull()
  })

  test('stops sending into a connection that stands still, goes on after it, and gives up after a second', () => {
    const stream = new LiveStream(INFO)
    let sequence = 0
    while (stream.takeInput(captured(sequence)) === 'send') sequence += 1
    expect(sequence).toBe(46)
    for (let i = 0; i < 46; i++) answer(stream, captured(i))
    expect(stream.takeInput(captured(50))).toBe('send')
    expect(stream.skippedPackets).toBe(1)
    expect(stream.takeInput(captured(101))).toBe('restart')
  })

  test('measures the round trip on the capture clock', () => {
    const stream = new LiveStream(INFO)
    const packet = captured(3)
    stream.takeInput(packet)
    answer(stream, packet, 105)
    expect(stream.delayWith(40, 10)).toEqual({ roundTripMs: 45, modelMs: 12.5, bufferMs: 40, deviceMs: 10 })
  })
})

test('the round trip survives the wrap of the 32-bit clock', () => {
  const meter = new DelayMeter()
  meter.update(0xfffffff0, 2 ** 32 + 20)
  expect(meter.roundTripMs).toBe(36)
})
