import { vi } from 'vitest'

export const RATE_HZ = 48000
export const BLOCK_SAMPLES = 480

/** A track that says what it is told to; `blocks` is null while nobody reads it. */
export class FakeTrack extends EventTarget {
  readonly kind = 'audio'
  readonly stop = vi.fn()
  muted = false
  blocks: ReadableStreamDefaultController<AudioData> | null = null

  constructor(private readonly settings: MediaTrackSettings = { groupId: 'headset' }) {
    super()
  }

  getSettings(): MediaTrackSettings {
    return this.settings
  }

  say(from: number, { rateHz = RATE_HZ, channels = 1, samples = BLOCK_SAMPLES } = {}): void {
    this.blocks?.enqueue(blockOf(from, rateHz, channels, samples))
  }

  mute(muted: boolean): void {
    this.muted = muted
    this.dispatchEvent(new Event(muted ? 'mute' : 'unmute'))
  }
}

/** What the browser's side of the tests' context and tracks has seen. */
export const seen = { closedBlocks: 0, graphTracks: [] as FakeTrack[], disconnect: vi.fn() }

function blockOf(from: number, rateHz: number, channels: number, samples: number): AudioData {
  return {
    sampleRate: rateHz,
    numberOfFrames: samples,
    numberOfChannels: channels,
    timestamp: (from * 1e6) / rateHz,
    duration: (samples * 1e6) / rateHz,
    copyTo: (target: Float32Array, { planeIndex }: AudioDataCopyToOptions) => {
      for (let i = 0; i < samples; i++) target[i] = (from + i + 200 * planeIndex) / 32768
    },
    close: () => {
      seen.closedBlocks += 1
    },
  } as unknown as AudioData
}

export const clock = { sampleRate: RATE_HZ, state: 'running' }
export const context = Object.assign(clock, {
  createMediaStreamSource: () => ({ connect: () => undefined, disconnect: seen.disconnect }),
}) as unknown as AudioContext

/** Puts a browser that lets tracks be read in the place of none. */
export function installFakeBrowser(): void {
  seen.closedBlocks = 0
  seen.graphTracks = []
  seen.disconnect.mockClear()
  clock.state = 'running'
  vi.stubGlobal('MediaStream', vi.fn())
  vi.stubGlobal('reportError', vi.fn())
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
        seen.graphTracks.push(this.stream.getAudioTracks()[0] as unknown as FakeTrack)
      }
    },
  )
}

export function streamOf(track: FakeTrack): MediaStream {
  return { getAudioTracks: () => [track] } as unknown as MediaStream
}
