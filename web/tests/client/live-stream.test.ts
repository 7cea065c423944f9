import { describe, expect, test } from 'vitest'
import { DelayMeter } from '../../src/client/delay-meter'
import { LiveStream } from '../../src/client/live-stream'
import { decodePacket, readSequence, samplesOf, writeSequence } from '../../src/client/packet'
import type { StreamInfo } from '../../src/client/audio-lane'

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

const RESUMABLE: StreamInfo = { ...INFO, resume: { key: 'k', grace_s: 15 } }

/** A packet of the box that stands for `packets` packets of silence. */
function silence(sequence: number, packets: number): ArrayBuffer {
  const packet = new ArrayBuffer(16)
  const view = new DataView(packet)
  view.setUint8(0, 1)
  view.setUint8(1, 3)
  view.setUint16(2, 2, true)
  writeSequence(packet, sequence)
  view.setUint32(12, packets, true)
  return packet
}

describe('a resumed stream', () => {
  test('goes on with the numbers of the microphone, however long the break was', () => {
    const stream = new LiveStream(RESUMABLE)
    for (let i = 0; i < 10; i++) stream.takeInput(captured(i))
    for (let i = 0; i < 6; i++) answer(stream, captured(i))
    for (let i = 10; i < 400; i++) stream.hold(captured(i))
    expect(stream.nextAnswer).toBe(6)
    stream.resume()
    const next = captured(400)
    expect(stream.takeInput(next)).toBe('send')
    expect(readSequence(next)).toBe(400)
    for (let i = 401; i < 440; i++) expect(stream.takeInput(captured(i))).toBe('send')
  })

  test('keeps the original of the break beside the silence that the box puts there', () => {
    const stream = new LiveStream(RESUMABLE)
    stream.takeInput(captured(0))
    answer(stream, captured(0))
    for (let i = 1; i < 300; i++) stream.hold(captured(i))
    stream.resume()
    stream.takeInput(captured(300))
    const pair = answer(stream, silence(1, 299))
    expect(pair?.filled).toBe(true)
    expect(pair?.wet).toEqual(new Int16Array(299 * PACKET))
    // 16-bit numbers wrap; the first sample of the break lags by the delay.
    expect(pair?.dry[DELAY]).toBe(PACKET)
    expect(pair?.dry[200 * PACKET + DELAY]).toBe((201 * PACKET) % 65536)
    expect(answer(stream, captured(300))?.filled).toBe(false)
  })

  test('knows the packets of a short break, which the box fills one by one', () => {
    const stream = new LiveStream(RESUMABLE)
    stream.takeInput(captured(0))
    for (let i = 1; i < 4; i++) stream.hold(captured(i))
    stream.resume()
    stream.takeInput(captured(4))
    expect([0, 1, 2, 3, 4].map((i) => answer(stream, captured(i))?.filled)).toEqual([
      false,
      true,
      true,
      true,
      false,
    ])
  })

  test('takes of a run of silence only what it lacks', () => {
    const stream = new LiveStream(RESUMABLE)
    for (let i = 0; i < 5; i++) {
      stream.takeInput(captured(i))
      answer(stream, captured(i))
    }
    for (let i = 5; i < 20; i++) stream.hold(captured(i))
    expect(answer(stream, silence(3, 4))?.wet.length).toBe(2 * PACKET)
    expect(answer(stream, silence(3, 4))).toBeNull()
  })

  test('believes in no more silence than was captured', () => {
    const stream = new LiveStream(RESUMABLE)
    for (let i = 0; i < 20; i++) stream.hold(captured(i))
    expect(answer(stream, silence(0, 2 ** 32 - 1))?.wet.length).toBe(20 * PACKET)
  })
})

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
    expect(stream.delay.roundTripMs).toBe(45)
  })
})

test('the round trip survives the wrap of the 32-bit clock', () => {
  const meter = new DelayMeter()
  meter.update(0xfffffff0, 2 ** 32 + 20)
  expect(meter.roundTripMs).toBe(36)
})

test('what was captured a little ahead of the clock took no time', () => {
  const meter = new DelayMeter()
  meter.update(1003, 1000)
  expect(meter.roundTripMs).toBe(0)
})
