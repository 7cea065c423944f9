import { HEADER_BYTES } from '../client/packet'
import { ArrivalClock } from './arrival-clock'
import type { Capture } from './capture'
import { CapturePacker } from './capture-packer'

/** What may wait while the page is busy: ten seconds and more. What then is too late is left out by `LiveStream`, which tells so. */
const WAITING_BLOCKS = 4000

/** Whether this browser lets a page read the sound of a track; only Chromium does. */
export function mayReadTracks(): boolean {
  return 'MediaStreamTrackProcessor' in globalThis
}

/**
 * Reads a microphone's own track on the page's thread: an audio thread that is late loses nothing of it.
 *
 * Led through the audio graph, which resamples, and makes silence where nothing comes, is a track of another rate than the
 * context's, one that the system has muted, and one of no microphone. While the context holds the sound, nothing is heard.
 */
export class TrackCapture implements Capture {
  private readonly packer: CapturePacker
  private readonly packet: DataView<ArrayBuffer>
  private detach: () => void = () => undefined

  constructor(
    private readonly context: AudioContext,
    packetSamples: number,
    private readonly onPacket: (packet: ArrayBuffer) => void,
  ) {
    this.packer = new CapturePacker(packetSamples, context.sampleRate)
    this.packet = new DataView(new ArrayBuffer(HEADER_BYTES + 2 * packetSamples))
  }

  nowMs(): number {
    // Not the context's clock, which stands still while the audio thread is late, and then runs after the time.
    return performance.now()
  }

  attach(stream: MediaStream): void {
    this.detach()
    const track = stream.getAudioTracks()[0]
    if (track === undefined) return
    let stop: () => void = () => undefined
    const listen = (throughGraph: boolean) => {
      stop()
      stop = throughGraph ? this.readThroughGraph(track) : this.read(track, () => listen(true))
    }
    const choose = () => listen(track.muted || !isMicrophone(track))
    track.addEventListener('mute', choose)
    track.addEventListener('unmute', choose)
    this.detach = () => {
      track.removeEventListener('mute', choose)
      track.removeEventListener('unmute', choose)
      stop()
    }
    choose()
  }

  close(): void {
    this.detach()
  }

  private readThroughGraph(track: MediaStreamTrack): () => void {
    const source = this.context.createMediaStreamSource(new MediaStream([track]))
    const destination = new MediaStreamAudioDestinationNode(this.context)
    source.connect(destination)
    const tracks = destination.stream.getAudioTracks()
    const stops = tracks.map((resampled) => this.read(resampled))
    return () => {
      source.disconnect()
      for (const stop of stops) stop()
      for (const resampled of tracks) resampled.stop()
    }
  }

  private read(track: MediaStreamAudioTrack, onOtherRate?: () => void): () => void {
    const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: WAITING_BLOCKS })
    const reader = readable.getReader()
    const clock = new ArrivalClock()
    let channels: Float32Array<ArrayBuffer>[] = []
    readAll(reader, (block) => {
      if (block.sampleRate !== this.context.sampleRate) return onOtherRate?.()
      const arrivedMs = clock.arrivalMs(block.timestamp / 1000, this.nowMs())
      if (this.context.state !== 'running') return
      channels = fitting(channels, block)
      channels.forEach((channel, planeIndex) => {
        block.copyTo(channel, { planeIndex, format: 'f32-planar' })
      })
      this.take(channels, arrivedMs - block.duration / 1000)
    }).catch((error: unknown) => reportError(error))
    return () => {
      reader.cancel().catch((error: unknown) => reportError(error))
    }
  }

  private take(channels: readonly Float32Array[], capturedMs: number): void {
    this.packer.write(channels, Math.round((capturedMs * this.context.sampleRate) / 1000))
    while (this.packer.ready) {
      this.packer.take(this.packet)
      this.onPacket(this.packet.buffer)
    }
  }
}

/** Only devices have a group: that of the camera or the headset they are a part of. */
function isMicrophone(track: MediaStreamTrack): boolean {
  return (track.getSettings().groupId ?? '') !== ''
}

/** Gives each block to `take` and closes it, until the track ends or the reader is cancelled. */
async function readAll(
  reader: ReadableStreamDefaultReader<AudioData>,
  take: (block: AudioData) => void,
): Promise<void> {
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    try {
      take(read.value)
    } catch (error) {
      // One block is lost; the microphone goes on.
      reportError(error)
    } finally {
      read.value.close()
    }
  }
}

/** Room for a block, one array for each channel: the one there is, if it fits. */
function fitting(
  channels: Float32Array<ArrayBuffer>[],
  { numberOfChannels, numberOfFrames }: AudioData,
): Float32Array<ArrayBuffer>[] {
  if (channels.length === numberOfChannels && channels[0]?.length === numberOfFrames) return channels
  return Array.from({ length: numberOfChannels }, () => new Float32Array(numberOfFrames))
}
