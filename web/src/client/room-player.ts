import { PlaybackNode } from '../audio/playback-node'
import type { WorkletUrls } from '../audio/worklet-urls'
import { AnswerWindow, cleanedOf, type Cleaned } from './answer-window'
import type { AudioPacket } from './packet'

/** Plays the voice of a room, at the rate that the speaker's microphone has. */
export class RoomPlayer {
  private opening: Promise<void> | null = null
  private context: AudioContext | null = null
  private playback: PlaybackNode | null = null
  private rateHz: number | null = null
  private readonly answers = new AnswerWindow()

  constructor(private readonly urls: WorkletUrls) {}

  /** Gets ready for a voice of this rate. Call it first from a click: browsers only play sound after one. */
  async open(rateHz: number): Promise<void> {
    if (this.rateHz === rateHz) return this.opening ?? undefined
    await this.close()
    this.rateHz = rateHz
    this.opening = this.start(rateHz)
    return this.opening
  }

  /** How much of what came in the last second was cleaned. */
  get cleaned(): Cleaned {
    return cleanedOf(this.answers.recent(performance.now()))
  }

  /** Plays one packet; a packet that comes before all is ready is left out. */
  play({ samples, late }: AudioPacket): void {
    this.answers.add(late, performance.now())
    this.playback?.play(samples, samples)
  }

  /** What waited belongs to a voice that has ended. */
  clear(): void {
    this.playback?.clear()
  }

  async close(): Promise<void> {
    this.rateHz = null
    this.playback?.close()
    this.playback = null
    const { context } = this
    this.context = null
    await context?.close()
  }

  private async start(rateHz: number): Promise<void> {
    const context = new AudioContext({ latencyHint: 'interactive', sampleRate: rateHz })
    this.context = context
    const playback = await PlaybackNode.open(context, this.urls.playback, context.destination)
    if (this.context !== context) {
      playback.close()
      return
    }
    playback.hear('clean')
    this.playback = playback
    await context.resume()
  }
}
