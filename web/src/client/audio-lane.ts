import type { Connection } from './connection'
import { Emitter } from './emitter'
import { HushboxError } from './errors'
import type { Lane } from './lane'
import { decodePacket, type AudioPacket } from './packet'

export interface StreamRequest {
  sampleRateHz: number
  packetSamples: number
  suppressionLimitDb: number | null
}

export interface StreamInfo {
  stream_id: string
  sample_rate_hz: number
  packet_samples: number
  delay_samples: number
  delay_ms: number
  suppression_limit_db: number | null
  model: string
  limits: { max_backlog_packets: number; deadline_ms: number }
  /** With it the stream may be taken up again on another connection, for so long. */
  resume?: { key: string; grace_s: number }
}

export interface StreamSummary {
  packets_in: number
  packets_out: number
  samples_in: number
  samples_out: number
  lost_packets: number
  late_frames: number
  dropped_packets: number
  /** Answers that made way for later ones, because this device did not take them. */
  unsent_packets: number
  latency_ms_p50: number
  latency_ms_p99: number
}

export interface AudioLaneEvents {
  audio: AudioPacket
  connection: boolean
  /** The box ended the stream by itself. */
  ended: StreamSummary & { reason: string }
  notice: HushboxError
}

/** The live audio of a connection (PROTOCOL.md, 4). */
export class AudioLane extends Emitter<AudioLaneEvents> {
  private readonly lane: Lane

  constructor(connection: Connection) {
    super()
    this.lane = connection.lane('/audio')
    this.lane.onConnection((connected) => this.emit('connection', connected))
    this.lane.on('stream.ended', (summary: AudioLaneEvents['ended']) => this.emit('ended', summary))
    this.lane.on('audio', (bytes: unknown) => {
      const packet = bytes instanceof ArrayBuffer ? decodePacket(bytes) : null
      if (packet !== null) this.emit('audio', packet)
      else this.emit('notice', new HushboxError('packet_malformed'))
    })
  }

  get connected(): boolean {
    return this.lane.connected
  }

  startStream(request: StreamRequest): Promise<StreamInfo> {
    return this.lane.call('stream.start', {
      sample_rate_hz: request.sampleRateHz,
      packet_samples: request.packetSamples,
      suppression_limit_db: request.suppressionLimitDb,
      resumable: true,
    })
  }

  /** Takes up a stream whose connection broke; `nextAnswer` is the number of the first answer that is missing. */
  async resumeStream(info: StreamInfo, nextAnswer: number): Promise<void> {
    const key = info.resume?.key ?? ''
    await this.lane.call('stream.resume', { stream_id: info.stream_id, key, next_answer: nextAnswer })
  }

  async setSuppressionLimit(limitDb: number | null): Promise<void> {
    await this.lane.call('stream.set', { suppression_limit_db: limitDb })
  }

  /** Ends the stream; every packet and the tail have arrived before the summary does. */
  endStream(): Promise<StreamSummary> {
    return this.lane.call('stream.end', {})
  }

  /** Sends one packet; its buffer may be reused at once. Packets are not kept while there is no connection. */
  sendPacket(packet: ArrayBuffer): void {
    this.lane.send('audio', packet)
  }
}
