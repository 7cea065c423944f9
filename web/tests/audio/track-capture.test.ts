import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TrackCapture } from '../../src/audio/track-capture'
import { decodePacket, type AudioPacket } from '../../src/client/packet'

const RATE_HZ = 48000
const PACKET_SAMPLES = 960
const BLOCK_SAMPLES = 480

class FakeTrack extends EventTarget {
  readonly kind = 'audio'
  muted = false
  blocks: ReadableStreamDefaultController<AudioData> | null = null

  say(from: number, rateHz = RATE_HZ, channels = 1): void {
    this.blocks?.enqueue(blockOf(from, rateHz, channels))
  }

  mute(muted: boolean): void {
    this.muted = muted
    this.dispatchEvent(new Event(muted ? 'mute' : 'unmute'))
  }
}

let closedBlocks = 0

function blockOf(from: number, rateHz: number, channels: number): AudioData {
  return {
    sampleRate: rateHz,
    numberOfFrames: BLOCK_SAMPLES,
    numberOfChannels: channels,
    timestamp: (from * 1e6) / rateHz,
    duration: (BLOCK_SAMPLES * 1e6) / rateHz,
    copyTo: (target: Float32Array, { planeIndex }: AudioDataCopyToOptions) => {
      for (let i = 0; i < BLOCK_SAMPLES; i++) target[i] = (from + i + 200 * planeIndex) / 32768
    },
    close: () => {
      closedBlocks += 1
    },
  } as unknown as AudioData
}

const graphTracks: FakeTrack[] = []
const disconnect = vi.fn()
const context = {
  sampleRate: RATE_HZ,
  currentTime: 1,
  createMediaStreamSource: () => ({ connect: () => undefined, disconnect }),
} as unknown as AudioContext

beforeEach(() => {
  closedBlocks = 0
  graphTracks.length = 0
  disconnect.mockClear()
  vi.stubGlobal(
    'MediaStreamTrackProcessor',
    class {
      readonly readable: ReadableStream<AudioData>

      constructor({ track }: { track: FakeTrack }) {
        this.readable = new ReadableStream({
          start: (blocks) => {
            track.blocks = blocks
          },
          cancel: () => {
            track.blocks = null
          },
        })
      }
    },
  )
  vi.stubGlobal(
    'MediaStreamAudioDestinationNode',
    class {
      readonly stream = streamOf(new FakeTrack())

      constructor() {
        graphTracks.push(this.stream.getAudioTracks()[0] as unknown as FakeTrack)
      }
    },
  )
})

afterEach(() => {
  vi.unstubAllGlobals()
})

function streamOf(track: FakeTrack): MediaStream {
  return { getAudioTracks: () => [track] } as unknown as MediaStream
}

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
  expect(closedBlocks).toBe(20)
})

test('channels are mixed to their mean', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.say(0, RATE_HZ, 2)
  track.say(BLOCK_SAMPLES, RATE_HZ, 2)
  await settle()
  expect(heard(packets)).toEqual(upTo(PACKET_SAMPLES, 100))
})

test('a track of another rate goes through the audio graph, which resamples it', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.say(0, 16000)
  await settle()
  expect(track.blocks).toBeNull()
  expect(packets).toEqual([])
  graphTracks[0]?.say(0)
  graphTracks[0]?.say(BLOCK_SAMPLES)
  await settle()
  expect(heard(packets)).toEqual(upTo(PACKET_SAMPLES))
})

test('while the system mutes a track the audio graph gives its silence', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.mute(true)
  expect(track.blocks).toBeNull()
  expect(graphTracks).toHaveLength(1)
  track.mute(false)
  expect(disconnect).toHaveBeenCalledOnce()
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
  expect(graphTracks).toEqual([])
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
  expect(closedBlocks).toBe(4)
})

test('a packet is stamped with the time of its first sample', async () => {
  const { capture, packets } = open()
  const track = new FakeTrack()
  capture.attach(streamOf(track))
  track.say(0)
  track.say(BLOCK_SAMPLES)
  await settle()
  // A block of 10 ms that is there when the context stands at 1000 ms began before.
  expect(packets[0]?.capturedMs).toBe(990)
})
