import type { AudioLane, StreamSummary } from './audio-lane'
import type { Connection } from './connection'
import { Emitter } from './emitter'
import { HushboxError } from './errors'
import { LiveStream, type AlignedPair } from './live-stream'
import { samplesOf, type AudioPacket } from './packet'
import { NO_RUN, withBreak, withStream, type RunSummary } from './run-summary'

export interface LineFormat {
  sampleRateHz: number
  packetSamples: number
  /** The clock that stamps the captured packets, in ms. */
  clockMs: () => number
}

/** A break that is over: how long nothing came, and whether the recordings keep their length. */
export interface Mend {
  seconds: number
  filled: boolean
}

export interface LineEvents {
  /** A packet as it was captured. */
  input: Int16Array
  /** Clean samples and their original. */
  pair: AlignedPair
  /** Nothing comes any more; the line takes its stream up again, or begins another, as soon as it can. */
  broken: undefined
  mended: Mend
  /** A stream has begun. */
  started: string
  /** The box refuses another stream. */
  failed: HushboxError
}

/**
 * Captured packets to the box and clean ones back, over breaks of the connection, for as long as the line is open.
 * Knows no audio device.
 */
export class VoiceLine extends Emitter<LineEvents> {
  stream: LiveStream | null = null
  run: RunSummary = NO_RUN
  /** The stream waits for its connection. */
  held = false
  private opened = false
  private busy = false
  private brokenAtMs: number | null = null
  private resumed = false
  private readonly stopListening: (() => void)[]

  constructor(
    private readonly connection: Connection,
    private readonly lane: AudioLane,
    private readonly format: LineFormat,
    private suppressionLimitDb: number | null,
  ) {
    super()
    this.stopListening = [
      lane.on('audio', (packet) => this.takeAnswer(packet)),
      lane.on('connection', (connected) => this.connectionChanged(connected)),
      lane.on('ended', (summary) => this.lose(summary)),
    ]
  }

  /** Starts a stream. Raises HushboxError. */
  async open(): Promise<void> {
    this.opened = true
    await this.begin()
  }

  /** Ends the stream, flushed to its last sample, where the box can be reached. Raises HushboxError. */
  async close(): Promise<void> {
    this.opened = false
    const { stream } = this
    if (stream === null || !this.lane.connected) return
    this.run = withStream(this.run, await this.lane.endStream(), stream.info)
    this.stream = null
  }

  /** Lets go of everything at once. */
  abandon(): void {
    this.opened = false
    for (const stop of this.stopListening) stop()
    this.lose(null)
  }

  /** 0 to 40 dB, or null for no limit. Raises HushboxError. */
  async setSuppressionLimit(limitDb: number | null): Promise<void> {
    this.suppressionLimitDb = limitDb
    const { stream } = this
    if (stream === null || this.held || !this.lane.connected) return
    await this.lane.setSuppressionLimit(limitDb)
    stream.suppressionLimitDb = limitDb
  }

  takePacket(packet: ArrayBuffer): void {
    if (this.stream === null) return
    if (this.held) {
      this.stream.hold(packet)
      return
    }
    const sending = this.stream.takeInput(packet)
    if (sending === 'restart') {
      // The box fills no gap of this length, unless the stream is resumed on a new connection.
      this.breakOff()
      this.connection.reconnect()
      return
    }
    this.emit('input', samplesOf(packet))
    if (sending === 'send') this.lane.sendPacket(packet)
  }

  private connectionChanged(connected: boolean): void {
    if (!connected) this.breakOff()
    else if (this.opened && !this.busy) this.goOn().catch((error: unknown) => this.fail(error))
  }

  private async goOn(): Promise<void> {
    if (this.stream !== null && (await this.resume(this.stream))) return
    await this.begin()
  }

  private async resume(stream: LiveStream): Promise<boolean> {
    this.busy = true
    try {
      stream.resume()
      await this.lane.resumeStream(stream.info, stream.nextAnswer)
      this.held = false
      this.resumed = true
      this.run = { ...this.run, interruptions: this.run.interruptions + 1 }
      if (stream.suppressionLimitDb !== this.suppressionLimitDb)
        await this.setSuppressionLimit(this.suppressionLimitDb)
      return true
    } catch (error) {
      // The connection went again: the stream still waits.
      if (!this.lane.connected) return true
      if (HushboxError.from(error).code !== 'resume_failed') throw error
      this.lose(null)
      return false
    } finally {
      this.busy = false
    }
  }

  private async begin(): Promise<void> {
    this.busy = true
    try {
      const { sampleRateHz, packetSamples } = this.format
      const { suppressionLimitDb } = this
      const info = await this.lane.startStream({ sampleRateHz, packetSamples, suppressionLimitDb })
      this.stream = new LiveStream(info)
      this.held = false
      this.resumed = false
      this.emit('started', info.stream_id)
    } finally {
      this.busy = false
    }
  }

  private takeAnswer(packet: AudioPacket): void {
    const pair = this.stream?.takeAnswer(packet, this.format.clockMs(), performance.now()) ?? null
    if (pair === null) return
    if (this.brokenAtMs !== null && !pair.filled) this.mend(this.brokenAtMs)
    this.emit('pair', pair)
  }

  private mend(brokenAtMs: number): void {
    this.brokenAtMs = null
    this.emit('mended', { seconds: (performance.now() - brokenAtMs) / 1000, filled: this.resumed })
  }

  /** The connection is away: the stream waits for the next one where the box keeps it, and is over where not. */
  private breakOff(): void {
    if (this.stream?.info.resume === undefined || !this.opened) {
      this.lose(null)
      return
    }
    if (this.held) return
    this.held = true
    this.noteBreak(this.stream)
  }

  /** The stream is over, counted by the box or not. */
  private lose(counted: StreamSummary | null): void {
    const { stream, held } = this
    if (stream === null) return
    this.run = withBreak(this.run, stream, counted)
    this.stream = null
    this.held = false
    if (!held) this.noteBreak(stream)
  }

  private noteBreak(stream: LiveStream): void {
    const nowMs = performance.now()
    this.brokenAtMs ??= nowMs - (stream.answers.recent(nowMs).silentMs ?? 0)
    this.emit('broken', undefined)
  }

  private fail(error: unknown): void {
    // When the connection went again meanwhile, the next one tries anew.
    if (!this.opened || !this.lane.connected) return
    this.emit('failed', HushboxError.from(error))
  }
}
