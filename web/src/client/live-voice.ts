import { SILENCE } from '../audio/level'
import { PeakHistory } from '../audio/peak-history'
import type { Hearing } from '../audio/playback-node'
import { Recorder } from '../audio/recorder'
import { workletUrls, type WorkletUrls } from '../audio/worklet-urls'
import { NO_ANSWERS } from './answer-window'
import { AudioDevices } from './audio-devices'
import { Emitter } from './emitter'
import { HushboxError } from './errors'
import { LiveMeters } from './live-meters'
import type { LiveEvents, LiveSnapshot } from './live-snapshot'
import { LiveStream } from './live-stream'
import { samplesOf, type AudioPacket } from './packet'
import { NO_RUN, withBreak, withStream } from './run-summary'
import type { SessionClient, StreamSummary } from './session-client'
import { truthOf, type Truth } from './truth'

const REFRESH_MS = 100

/**
 * Microphone to box to ear: one object for a page with a switch.
 * `peaks` holds the last seconds of both signals, for a picture of them.
 */
export class LiveVoice extends Emitter<LiveEvents> {
  readonly peaks = new PeakHistory(250)
  private devices: AudioDevices | null = null
  private stream: LiveStream | null = null
  private recorder: Recorder | null = null
  private wanted = false
  private busy = false
  private hearing: Hearing = 'nothing'
  private suppressionLimitDb: number | null = null
  private meters = new LiveMeters()
  private run = NO_RUN
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(
    private readonly client: SessionClient,
    private readonly urls: WorkletUrls = workletUrls,
  ) {
    super()
    client.on('audio', (packet) => this.takeAnswer(packet))
    client.on('connection', (connected) => this.connectionChanged(connected))
    client.on('ended', (summary) => this.loseStream(summary))
    client.on('notice', (error) => this.emit('notice', error))
    client.on('over', () => void this.release())
  }

  /** Opens the microphone and starts a stream. Call it from a click: browsers only play sound after one. */
  async start(): Promise<void> {
    if (this.wanted || this.busy) return
    this.wanted = true
    this.run = NO_RUN
    await this.guarded(async () => {
      const devices = await AudioDevices.open(this.urls, (packet) => this.takeInput(packet))
      // The session may have ended while the browser asked for the microphone.
      if (!this.wanted) return devices.close()
      this.devices = devices
      devices.onLost = () => {
        void this.stop()
        this.emit('error', new HushboxError('microphone_lost'))
      }
      devices.playback.hear(this.hearing)
      this.timer = setInterval(() => {
        this.refresh()
      }, REFRESH_MS)
      await this.startStream()
    })
  }

  /** Ends the stream, flushed to its last sample, and closes the microphone. */
  async stop(): Promise<void> {
    if (!this.wanted || this.busy) return
    await this.guarded(async () => {
      this.devices?.stopCapture()
      const { stream } = this
      if (stream === null || !this.client.connected) return
      this.run = withStream(this.run, await this.client.endStream(), stream.info)
      this.stream = null
    })
    await this.release()
  }

  hear(hearing: Hearing): void {
    this.hearing = hearing
    this.devices?.playback.hear(hearing)
    void this.devices?.context.resume()
    this.refresh()
  }

  /** 0 to 40 dB, or null for no limit; also while a stream runs. */
  async setSuppressionLimit(limitDb: number | null): Promise<void> {
    this.suppressionLimitDb = limitDb
    this.refresh()
    const { stream } = this
    if (stream === null || !this.client.connected) return
    try {
      await this.client.setSuppressionLimit(limitDb)
      stream.suppressionLimitDb = limitDb
    } catch (error) {
      this.emit('notice', HushboxError.from(error))
    }
  }

  startRecording(): void {
    if (this.devices === null || this.stream === null || this.recorder !== null) return
    this.recorder = new Recorder(this.devices.context.sampleRate)
    this.refresh()
  }

  finishRecording(): void {
    const recorder = this.recorder
    this.recorder = null
    if (recorder !== null && recorder.seconds > 0) this.emit('recording', recorder.finish())
    this.refresh()
  }

  snapshot(): LiveSnapshot {
    const { devices, stream, meters } = this
    const truth = this.truth()
    return {
      truth,
      busy: this.busy,
      hearing: this.hearing,
      suppressionLimitDb: this.suppressionLimitDb,
      input: meters.input,
      output: truth === 'stalled' ? SILENCE : meters.output,
      removedDb: meters.removed.removedDb,
      delay: (devices && stream?.delayWith(devices.playback.waitMs, devices.latencyMs)) ?? null,
      microphone: devices?.microphone ?? null,
      rateHz: devices?.context.sampleRate ?? null,
      recordingSeconds: this.recorder?.seconds ?? null,
      underruns: devices?.playback.report.underruns ?? 0,
      lateAnswers: stream?.lateAnswers ?? 0,
      skippedPackets: stream?.skippedPackets ?? 0,
      lastRun: this.wanted || this.run.seconds === 0 ? null : this.run,
    }
  }

  private async startStream(): Promise<void> {
    if (this.devices === null) return
    const info = await this.client.startStream({
      sampleRateHz: this.devices.context.sampleRate,
      packetSamples: this.devices.packetSamples,
      suppressionLimitDb: this.suppressionLimitDb,
    })
    this.devices.playback.clear()
    this.meters = new LiveMeters()
    this.stream = new LiveStream(info)
  }

  private takeInput(packet: ArrayBuffer): void {
    if (this.stream === null) return
    const sending = this.stream.takeInput(packet)
    if (sending === 'restart') {
      void this.restart()
      return
    }
    this.meters.takeInput(samplesOf(packet))
    if (sending === 'send') this.client.sendPacket(packet)
  }

  private takeAnswer(packet: AudioPacket): void {
    const { devices, stream } = this
    if (devices === null || stream === null) return
    const pair = stream.takeAnswer(packet, devices.context.currentTime * 1000, performance.now())
    if (pair === null) return
    devices.playback.play(pair.wet, pair.dry)
    this.peaks.add(pair.wet, pair.dry)
    this.meters.takeAnswer(pair.wet, pair.dry)
    this.recorder?.add(pair.wet, pair.dry)
    if (this.recorder?.full === true) this.finishRecording()
  }

  private connectionChanged(connected: boolean): void {
    if (!connected) this.loseStream(null)
    else if (this.wanted && !this.busy) void this.guarded(() => this.startStream())
    this.refresh()
  }

  /** After a standstill of more than a second the box cannot fill the gap: begin anew, on a new connection if need be. */
  private async restart(): Promise<void> {
    this.loseStream(null)
    if (!this.client.connected || this.busy) return
    this.busy = true
    try {
      await this.client.endStream()
      await this.startStream()
    } catch {
      this.client.reconnect()
    } finally {
      this.busy = false
      this.refresh()
    }
  }

  /** The stream broke off by itself, counted by the box or not; what the meters showed is over. */
  private loseStream(counted: StreamSummary | null): void {
    if (this.stream !== null) this.run = withBreak(this.run, this.stream, counted)
    this.stream = null
    this.meters = new LiveMeters()
    this.finishRecording()
  }

  /** One thing at a time; whatever fails on the way is reported and switches off, never left half on. */
  private async guarded(action: () => Promise<void>): Promise<void> {
    this.busy = true
    this.refresh()
    try {
      await action()
    } catch (error) {
      // After the session's end this is only its echo.
      if (this.wanted) this.emit('error', HushboxError.from(error))
      await this.release()
    } finally {
      this.busy = false
      this.refresh()
    }
  }

  private async release(): Promise<void> {
    this.wanted = false
    clearInterval(this.timer)
    this.loseStream(null)
    const devices = this.devices
    this.devices = null
    await devices?.close()
    this.refresh()
  }

  private truth(): Truth {
    const { stream } = this
    return truthOf({
      wanted: this.wanted,
      connected: this.client.connected,
      streaming: stream !== null,
      hearing: this.hearing,
      suppressionLimitDb: stream?.suppressionLimitDb ?? null,
      answers: stream?.answers.recent(performance.now()) ?? NO_ANSWERS,
      roundTripMs: stream?.delay.roundTripMs ?? null,
    })
  }

  private refresh(): void {
    this.emit('change', undefined)
  }
}
