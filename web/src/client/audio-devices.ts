import { openCapture, type Capture } from '../audio/capture'
import { closeMicrophone, describeMicrophone, openMicrophone, type Microphone } from '../audio/microphone'
import { PlaybackNode } from '../audio/playback-node'
import { openAudioContext, packetSamples, PACKET_MS, startSound } from '../audio/rates'
import type { WorkletUrls } from '../audio/worklet-urls'

/** An open microphone, its capture and the playback, all on one clock. */
export class AudioDevices {
  /** Called when the microphone goes away by itself. */
  onLost: () => void = () => undefined
  private closed = false

  private constructor(
    readonly context: AudioContext,
    public microphone: Microphone,
    readonly playback: PlaybackNode,
    private readonly capture: Capture,
  ) {
    context.onstatechange = () => {
      // A phone call can interrupt the sound; where the browser refuses to go on, the page says that it is paused.
      if (!this.closed && context.state !== 'running') this.resume()
    }
    this.attach(microphone)
  }

  /** Asks for the microphone and opens everything; `onPacket` gets packets whose buffers are reused after it returns. */
  static async open(
    urls: WorkletUrls,
    deviceId: string | null,
    onPacket: (packet: ArrayBuffer) => void,
  ): Promise<AudioDevices> {
    const microphone = await openMicrophone(deviceId)
    let context: AudioContext | null = null
    try {
      context = await openAudioContext()
      const playback = await PlaybackNode.open(context, urls.playback, context.destination)
      const capture = await openCapture(context, urls.capture, packetSamples(context.sampleRate), onPacket)
      await startSound(context)
      // Meanwhile it may have been unplugged.
      describeMicrophone(microphone.stream)
      return new AudioDevices(context, microphone, playback, capture)
    } catch (error) {
      closeMicrophone(microphone)
      await context?.close()
      throw error
    }
  }

  get packetSamples(): number {
    return packetSamples(this.context.sampleRate)
  }

  /** Sound goes through the browser right now; it does not during a phone call, for example. */
  get running(): boolean {
    return this.context.state === 'running'
  }

  /** The present time of the clock by which packets are stamped, in ms. */
  nowMs(): number {
    return this.capture.nowMs()
  }

  /** From the air to a whole packet, as far as the browser knows. */
  get microphoneMs(): number {
    return (this.microphone.latencyMs ?? 0) + PACKET_MS
  }

  /** From the playback to the ear, as far as the browser knows. */
  get outputMs(): number {
    // Safari knows no outputLatency.
    const outputS = (this.context.outputLatency as number | undefined) ?? 0
    return (this.context.baseLatency + outputS) * 1000
  }

  resume(): void {
    this.context.resume().catch(() => undefined)
  }

  /** Listens to another microphone from now on; the old one stays when the new one cannot be opened. */
  async changeMicrophone(deviceId: string | null): Promise<void> {
    const next = await openMicrophone(deviceId)
    const before = this.microphone
    before.track.onended = null
    if (this.closed) closeMicrophone(next)
    else this.attach(next)
    closeMicrophone(before)
  }

  stopCapture(): void {
    this.capture.close()
  }

  async close(): Promise<void> {
    this.closed = true
    this.capture.close()
    this.playback.close()
    closeMicrophone(this.microphone)
    await this.context.close()
  }

  private attach(microphone: Microphone): void {
    this.microphone = microphone
    microphone.track.onended = () => {
      this.onLost()
    }
    this.capture.attach(microphone.stream)
  }
}
