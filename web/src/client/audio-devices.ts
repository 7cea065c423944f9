import { CaptureNode } from '../audio/capture-node'
import { closeMicrophone, openMicrophone, type Microphone } from '../audio/microphone'
import { PlaybackNode } from '../audio/playback-node'
import { openAudioContext, packetSamples } from '../audio/rates'
import type { WorkletUrls } from '../audio/worklet-urls'

/** An open microphone, its capture and the playback, all on one clock. */
export class AudioDevices {
  /** Called when the microphone goes away by itself. */
  onLost: () => void = () => undefined

  private constructor(
    readonly context: AudioContext,
    readonly microphone: Microphone,
    readonly playback: PlaybackNode,
    private readonly capture: CaptureNode,
  ) {
    microphone.track.onended = () => {
      this.onLost()
    }
    context.onstatechange = () => {
      // A phone call can interrupt the sound; where the browser refuses to go on, the page shows that nothing comes back.
      if (context.state !== 'running' && context.state !== 'closed') context.resume().catch(() => undefined)
    }
  }

  /** Asks for the microphone and opens everything; `onPacket` gets packets whose buffers are reused after it returns. */
  static async open(urls: WorkletUrls, onPacket: (packet: ArrayBuffer) => void): Promise<AudioDevices> {
    const microphone = await openMicrophone()
    try {
      const context = await openAudioContext()
      const playback = await PlaybackNode.open(context, urls.playback)
      const capture = await CaptureNode.open(
        context,
        urls.capture,
        packetSamples(context.sampleRate),
        onPacket,
      )
      capture.attach(microphone)
      await context.resume()
      return new AudioDevices(context, microphone, playback, capture)
    } catch (error) {
      closeMicrophone(microphone)
      throw error
    }
  }

  get packetSamples(): number {
    return packetSamples(this.context.sampleRate)
  }

  /** Sound card in and out, as far as the browser knows. */
  get latencyMs(): number {
    // Safari knows no outputLatency.
    const outputS = (this.context.outputLatency as number | undefined) ?? 0
    return (this.microphone.latencyMs ?? 0) + (this.context.baseLatency + outputS) * 1000
  }

  stopCapture(): void {
    this.capture.close()
  }

  async close(): Promise<void> {
    this.capture.close()
    this.playback.close()
    closeMicrophone(this.microphone)
    await this.context.close()
  }
}
