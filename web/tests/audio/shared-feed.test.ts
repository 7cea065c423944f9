import { expect, test } from 'vitest'
import { JitterBuffer, type JitterBufferStats } from '../../src/audio/jitter-buffer'
import { FeedReader, FeedWriter } from '../../src/audio/shared-feed'
import { allocateRing } from '../../src/audio/shared-ring'

const RATE_HZ = 48000
const PACKET = 960
const PACKETS = 100

function feed() {
  const memory = allocateRing(PACKETS, 2 * PACKET)
  const buffer = new JitterBuffer(RATE_HZ)
  return { writer: new FeedWriter(memory), reader: new FeedReader(memory, RATE_HZ, buffer), buffer }
}

function depthOf(buffer: JitterBuffer): number {
  const stats: JitterBufferStats = {
    depthSamples: 0,
    waitSamples: 0,
    targetSamples: 0,
    underruns: 0,
    trimmedSamples: 0,
  }
  buffer.report(stats)
  return stats.depthSamples
}

function packet(value: number, length = PACKET): Int16Array {
  return new Int16Array(length).fill(value)
}

test('packets of any length reach the jitter buffer side by side', () => {
  const { writer, reader, buffer } = feed()
  for (let i = 0; i < 4; i++) writer.play(packet(16384), packet(-8192))
  writer.play(packet(16384, 100), packet(-8192, 100))
  reader.drain()
  expect(depthOf(buffer)).toBe(4 * PACKET + 100)
  const [wet, dry] = [new Float32Array(PACKET), new Float32Array(PACKET)]
  buffer.pull(wet, dry)
  expect([wet.at(-1), dry.at(-1)]).toEqual([0.5, -0.25])
})

test('a fresh start takes nothing of what comes after it', () => {
  const { writer, reader, buffer } = feed()
  writer.play(packet(1), packet(1))
  reader.drain()
  writer.play(packet(2), packet(2))
  writer.clear()
  writer.play(packet(3), packet(3))
  reader.drain()
  expect(depthOf(buffer)).toBe(PACKET)
})

test('what nobody took for seconds is not played afterwards', () => {
  const { writer, reader, buffer } = feed()
  for (let i = 0; i < 3 * PACKETS; i++) writer.play(packet(1), packet(1))
  reader.drain()
  expect(depthOf(buffer)).toBe(0)
  writer.play(packet(2), packet(2))
  reader.drain()
  expect(depthOf(buffer)).toBe(PACKET)
})
