import { FeedbackGuard } from '../audio/feedback-guard'
import { SILENCE } from '../audio/level'
import type { Hearing } from '../audio/playback-node'
import { Recorder, type RecordingSink } from '../audio/recorder'
import { workletUrls, type WorkletUrls } from '../audio/worklet-urls'
import { AudioDevices } from './audio-devices'
import { AudioLane } from './audio-lane'
import type { Connection } from './connection'
import { Emitter } from './emitter'
import { HushboxError } from './errors'
import { delayOf } from './live-delay'
import { evidenceOf } from './live-evidence'
import { LiveMeters } from './live-meters'
import type { LiveEvents, LiveSnapshot } from './live-snapshot'
import type { AlignedPair } from './live-stream'
import { NetworkProbe } from './network-probe'
import { NO_RUN } from './run-summary'
import { truthOf } from './truth'
import { VoiceLine, type Mend } from './voice-line'

const REFRESH_MS = 100

/** Microphone to box to ear: one object for a page with a switch. */
export class LiveVoice extends Emitter<LiveEvents> {
  private readonly lane: AudioLane
  private devices: AudioDevices | null = null
  private line: VoiceLine | null = null
  private probe: NetworkProbe | null = null
  private recorder: Recorder | null = null
  private busy = false
  private hearing: Hearing = 'nothing'
  private suppressionLimitDb: number | null = null
  private deviceId: string | null = null
  private meters = new LiveMeters(48000)
  private readonly guard = new FeedbackGuard()
  private run = NO_RUN
  private timer: ReturnType<typeof setInterval> | undefined
  private wanted = false

  constructor(
    private readonly connection: Connection,
    private readonly urls: WorkletUrls = workletUrls,
  ) {
    super()
    this.lane = new AudioLane(connection)
    this.lane.on('connection', () => this.refresh())
    this.lane.on('notice', (error) => this.emit('notice', error))
    connection.on('notice', (error) => {
      // Late answers are counted and shown as they come; more need not be said.
      if (error.code !== 'overloaded') this.emit('notice', error)
    })
    connection.on('over', () => void this.release())
  }

  /** Opens the microphone and starts a stream. Call it from a click: browsers only play sound after one. */
  async start(): Promise<void> {
    if (this.wanted || this.busy) return
    this.wanted = true
    this.run = NO_RUN
    await this.guarded(async () => {
      const devices = await AudioDevices.open(this.urls, this.deviceId, (packet) =>
        this.line?.takePacket(packet),
      )
      // The session may have ended while the browser asked for the microphone.
      if (!this.wanted) return devices.close()
      this.devices = devices
      devices.onLost = () => void this.replaceMicrophone()
      devices.playback.hear(this.hearing)
      this.timer = setInterval(() => this.refresh(), REFRESH_MS)
      await this.openLine(devices)
    })
  }

  /** Ends the stream, flushed to its last sample, and closes the microphone. */
  async stop(): Promise<void> {
    if (!this.wanted || this.busy) return
    await this.guarded(async () => {
      this.devices?.stopCapture()
      await this.line?.close()
    })
    await this.release()
  }

  hear(hearing: Hearing): void {
    this.hearing = hearing
    this.guard.reset()
    this.devices?.playback.hear(hearing)
    this.devices?.resume()
    this.refresh()
  }

  /** 0 to 40 dB, or null for no limit; also while a stream runs. */
  async setSuppressionLimit(limitDb: number | null): Promise<void> {
    this.suppressionLimitDb = limitDb
    this.refresh()
    try {
      await this.line?.setSuppressionLimit(limitDb)
    } catch (error) {
      this.emit('notice', HushboxError.from(error))
    }
  }

  /** Takes another microphone, now or at the next start; null for the one that the system prefers. */
  async useMicrophone(deviceId: string | null): Promise<void> {
    this.deviceId = deviceId
    try {
      await this.devices?.changeMicrophone(deviceId)
    } catch (error) {
      this.emit('notice', HushboxError.from(error))
    }
    this.refresh()
  }

  /** Lets the sound go on after an interruption; call it from a click where the browser asks for one. */
  resumeSound(): void {
    this.devices?.resume()
  }

  /** Records both signals into `sink` until `finishRecording`, over breaks of the connection, too. */
  startRecording(sink: RecordingSink): void {
    if (this.devices === null || this.recorder !== null) return
    this.recorder = new Recorder(this.devices.context.sampleRate, sink)
    this.refresh()
  }

  finishRecording(): void {
    this.recorder?.finish()
    this.recorder = null
    this.refresh()
  }

  snapshot(): LiveSnapshot {
    const { devices, line, meters } = this
    const truth = truthOf(
      evidenceOf({ lane: this.lane, devices, line, wanted: this.wanted, hearing: this.hearing }),
    )
    return {
      truth,
      busy: this.busy,
      hearing: this.hearing,
      suppressionLimitDb: this.suppressionLimitDb,
      input: meters.input,
      output: truth === 'stalled' ? SILENCE : meters.output,
      removedDb: meters.removed.removedDb,
      delay: delayOf(devices, line, this.probe),
      microphone: devices?.microphone ?? null,
      spectra: devices?.playback.spectra ?? null,
      streamId: line?.stream?.info.stream_id ?? null,
      rateHz: devices?.context.sampleRate ?? null,
      recordingSeconds: this.recorder?.seconds ?? null,
      underruns: devices?.playback.report.underruns ?? 0,
      lateAnswers: line?.stream?.lateAnswers ?? 0,
      skippedPackets: line?.stream?.skippedPackets ?? 0,
      lastRun: this.wanted || this.run.seconds === 0 ? null : this.run,
    }
  }

  private async openLine(devices: AudioDevices): Promise<void> {
    const { context, packetSamples } = devices
    const format = {
      sampleRateHz: context.sampleRate,
      packetSamples,
      clockMs: () => devices.nowMs(),
    }
    const line = new VoiceLine(this.connection, this.lane, format, this.suppressionLimitDb)
    this.line = line
    line.on('started', (streamId) => {
      devices.playback.clear()
      this.meters = new LiveMeters(context.sampleRate)
      this.emit('stream', streamId)
    })
    line.on('input', (samples) => this.meters.takeInput(samples))
    line.on('pair', (pair) => this.takePair(devices, pair))
    line.on('broken', () => {
      this.meters = new LiveMeters(context.sampleRate)
      this.refresh()
    })
    line.on('mended', (mend) => this.mended(mend))
    line.on('failed', (error) => void this.guarded(() => Promise.reject(error)))
    await line.open()
    this.probe = new NetworkProbe(this.lane, () => line.stream?.suppressionLimitDb ?? null)
  }

  private takePair(devices: AudioDevices, { wet, dry, filled }: AlignedPair): void {
    if (filled) this.recorder?.markGap(wet.length / devices.context.sampleRate)
    this.recorder?.add(wet, dry)
    if (this.recorder?.full === true) this.finishRecording()
    if (filled) return
    devices.playback.play(wet, dry)
    this.meters.takeAnswer(wet, dry)
    devices.playback.matchOriginal(this.meters.loudness.originalGain)
    if (this.hearing !== 'nothing' && this.guard.hears(this.hearing === 'clean' ? wet : dry)) {
      this.hear('nothing')
      this.emit('notice', new HushboxError('feedback'))
    }
  }

  private mended(mend: Mend): void {
    if (!mend.filled) this.recorder?.markGap(mend.seconds)
    this.emit('mended', mend)
  }

  /** The microphone was unplugged or taken away: go on with another one, and say so. */
  private async replaceMicrophone(): Promise<void> {
    try {
      await this.devices?.changeMicrophone(null)
      this.deviceId = null
      this.emit('notice', new HushboxError('microphone_changed'))
      this.refresh()
    } catch {
      void this.stop()
      this.emit('error', new HushboxError('microphone_lost'))
    }
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
    this.probe?.close()
    this.finishRecording()
    const { line, devices } = this
    this.line = null
    this.devices = null
    line?.abandon()
    if (line !== null) this.run = line.run
    this.meters = new LiveMeters(48000)
    await devices?.close()
    this.refresh()
  }

  private refresh(): void {
    this.emit('change', undefined)
  }
}
