import { CaptureNode } from './capture-node'
import { mayReadTracks, TrackCapture } from './track-capture'

/** Hands out what a microphone hears in packets that are ready for the wire, one each 20 ms. */
export interface Capture {
  /** The present time of the clock by which packets are stamped, in ms. */
  nowMs(): number
  /** Listens to `stream` from now on, instead of the one before. */
  attach(stream: MediaStream): void
  close(): void
}

/**
 * Opens the way that loses least: the track itself where this browser lets a page read it, else the audio thread.
 * `onPacket` gets each packet, whose buffer is reused when it returns.
 */
export async function openCapture(
  context: AudioContext,
  workletUrl: string,
  packetSamples: number,
  onPacket: (packet: ArrayBuffer) => void,
): Promise<Capture> {
  if (mayReadTracks()) return new TrackCapture(context, packetSamples, onPacket)
  return CaptureNode.open(context, workletUrl, packetSamples, onPacket)
}
