import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TrackCapture } from '../../src/audio/track-capture'
import { decodePacket, type AudioPacket } from '../../src/client/packet'
import {
  BLOCK_SAMPLES,
  clock,
  context,
  FakeTrack,
  installFakeBrowser,
  RATE_HZ,
  seen,
  streamOf,
} from './fake-track'

const PACKET_SAMPLES = 960

beforeEach(installFakeBrowser)

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function open(): { capture: TrackCapture; packets: AudioPacket[] } {
  const packets: AudioPacket[] = []
  const capture = new TrackCapture(context, PACKET_SAMPLES, (packet) => {
    const decoded = decodePacket(packet.slice(0))
    if (decoded !== null) packets.push(decoded)
  })
  return { capture, packets }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve))
}

function heard(packets: AudioPacket[]): number[] {
  return packets.flatMap((packet) => Array.from(packet.samples))
}

function upTo(samples: number, first = 0): number[] {
  return Array.from({ length: samples }, (_, i) => first + i)
}

test('every block of a track becomes packets without a break, however late it is read', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  for (let from = 0; from < 9600; from += BLOCK_SAMPLES) track.say(from)
  await settle()
  expect(packets.map((packet) => packet.sequence)).toEqual(upTo(10))
  expect(heard(packets)).toEqual(upTo(9600))
  expect(seen.closedBlocks).toBe(20)
})

test('channels are mixed to their mean', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.say(0, { channels: 2 })
  track.say(BLOCK_SAMPLES, { channels: 2 })
  await settle()
  expect(heard(packets)).toEqual(upTo(PACKET_SAMPLES, 100))
})

test('a track of another rate goes through the audio graph, which resamples it', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.say(0, { rateHz: 16000 })
  await settle()
  expect(track.blocks).toBeNull()
  expect(packets).toEqual([])
  seen.graphTracks[0]?.say(0)
  seen.graphTracks[0]?.say(BLOCK_SAMPLES)
  await settle()
  expect(heard(packets)).toEqual(upTo(PACKET_SAMPLES))
})

test('while the system mutes a track the audio graph gives its silence', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.mute(true)
  expect(track.blocks).toBeNull()
  expect(seen.graphTracks).toHaveLength(1)
  track.mute(false)
  expect(seen.disconnect).toHaveBeenCalledOnce()
  expect(seen.graphTracks[0]?.stop).toHaveBeenCalledOnce()
  track.say(0)
  track.say(BLOCK_SAMPLES)
  await settle()
  expect(heard(packets)).toEqual(upTo(PACKET_SAMPLES))
})

test('the next microphone goes on where the one before stopped, which is heard no more', async () => {
  const { capture, packets } = open()
  const [before, next] = [new FakeTrack(), new FakeTrack()]
  capture.attach(streamOf(before))
  before.say(0)
  await settle()
  capture.attach(streamOf(next))
  expect(before.blocks).toBeNull()
  before.mute(true)
  expect(seen.graphTracks).toEqual([])
  next.say(BLOCK_SAMPLES)
  await settle()
  expect(heard(packets)).toEqual(upTo(PACKET_SAMPLES))
  capture.close()
  expect(next.blocks).toBeNull()
})

test('a packet that nobody can take is told of, and the microphone goes on', async () => {
  const told = vi.fn()
  vi.stubGlobal('reportError', told)
  const failure = new Error('no')
  let calls = 0
  const capture = new TrackCapture(context, PACKET_SAMPLES, () => {
    calls += 1
    if (calls === 1) throw failure
  })
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  for (let from = 0; from < 2 * PACKET_SAMPLES; from += BLOCK_SAMPLES) track.say(from)
  await settle()
  expect(told).toHaveBeenCalledExactlyOnceWith(failure)
  expect(calls).toBe(2)
  expect(seen.closedBlocks).toBe(4)
})

test('a packet is stamped with the time of its first sample, on the clock that goes on', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(1000)
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.say(0)
  track.say(BLOCK_SAMPLES)
  await settle()
  // The second block was there when the clock stood at 1000 ms, and both last 10 ms.
  expect(packets[0]?.capturedMs).toBe(980)
})

test.each([{}, { groupId: '' }])(
  'a track of no microphone goes through the audio graph, which never stops',
  (settings) => {
    const { capture } = open()
    const track = new FakeTrack(settings)
    capture.attach(streamOf(track))
    expect(track.blocks).toBeNull()
    expect(seen.graphTracks).toHaveLength(1)
  },
)

test('a track that is muted already goes through the audio graph', () => {
  const { capture } = open()
  const track = new FakeTrack()
  track.muted = true
  capture.attach(streamOf(track))
  expect(track.blocks).toBeNull()
  expect(seen.graphTracks).toHaveLength(1)
})

test('while the context holds the sound, nothing is heard', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  clock.state = 'interrupted'
  for (let from = 0; from < PACKET_SAMPLES * 5; from += BLOCK_SAMPLES) track.say(from)
  await settle()
  expect(packets).toEqual([])
  expect(seen.closedBlocks).toBe(10)
  clock.state = 'running'
  track.say(PACKET_SAMPLES * 5)
  track.say(PACKET_SAMPLES * 5 + BLOCK_SAMPLES)
  await settle()
  expect(heard(packets)).toEqual(upTo(PACKET_SAMPLES, PACKET_SAMPLES * 5))
})

test.each([128, 480, 1024, 4410])('blocks of %i are never captured after they came', async (samples) => {
  const now = vi.spyOn(performance, 'now')
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  for (let from = 0; from < RATE_HZ; from += samples) {
    // The page is busy for half a second of it: blocks come late.
    if (from < RATE_HZ / 4 || from > (3 * RATE_HZ) / 4) now.mockReturnValue(1000 + (1000 * from) / RATE_HZ)
    track.say(from, { samples })
    const before = packets.length
    await settle()
    const nowMs = performance.now()
    for (const { capturedMs } of packets.slice(before)) expect(capturedMs).toBeLessThanOrEqual(nowMs)
  }
  expect(packets.length).toBeGreaterThanOrEqual(48)
})
