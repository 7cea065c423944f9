import { io, type Socket } from 'socket.io-client'
import * as parser from 'socket.io-msgpack-parser'
import { Emitter } from './emitter'
import { HushboxError, isWireError } from './errors'
import { decodePacket, type AudioPacket } from './packet'
import { toGrant, type Grant } from './pairing'

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
}

export interface StreamSummary {
  packets_in: number
  packets_out: number
  samples_in: number
  samples_out: number
  lost_packets: number
  late_frames: number
  dropped_packets: number
  latency_ms_p50: number
  latency_ms_p99: number
}

export interface SessionEvents {
  /** Connected or not; when not, the client tries again by itself. */
  connection: boolean
  audio: AudioPacket
  /** The box ended the stream by itself. */
  ended: StreamSummary & { reason: string }
  /** Something went wrong that no call waits for. */
  notice: HushboxError
  /** The box refused the connection or ended it, and the client tries again by itself. */
  refused: HushboxError
  /** The session is over for good: why (`needsPin` says whether a new PIN would help), or null when it was closed here. */
  over: HushboxError | null
  /** A newer token replaced the old one. */
  grant: Grant
}

const ACK_TIMEOUT_MS = 8000
const RETRY_MS = 3000
/** Renew when this share of the token's life is over. */
const RENEW_AT = 0.75
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** One authenticated connection to a box (PROTOCOL.md, 4): it reconnects and renews its token by itself. */
export class SessionClient extends Emitter<SessionEvents> {
  private readonly socket: Socket
  private renewTimer: ReturnType<typeof setTimeout> | undefined
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private closed = false

  constructor(
    private grant: Grant,
    boxUrl = '',
  ) {
    super()
    this.socket = io(`${boxUrl}/audio`, {
      parser,
      transports: ['websocket'],
      reconnectionDelay: 500,
      reconnectionDelayMax: 4000,
      autoConnect: false,
      auth: (send) => {
        send({ token: this.grant.token })
      },
    })
    this.listen()
  }

  get connected(): boolean {
    return this.socket.connected
  }

  get token(): string {
    return this.grant.token
  }

  connect(): void {
    this.socket.connect()
  }

  /** Gives up this connection and opens a new one, when the box no longer answers on it. */
  reconnect(): void {
    if (!this.closed) this.socket.disconnect().connect()
  }

  /** Takes a token that was renewed elsewhere; the next connection shows it. */
  adopt(grant: Grant): void {
    if (grant.expiresAtMs > this.grant.expiresAtMs) this.grant = grant
  }

  close(): void {
    this.end(null)
  }

  /** Closes for good and says why, as when another lane was told that the token has ended. */
  end(reason: HushboxError | null): void {
    if (this.closed) return
    this.closed = true
    clearTimeout(this.renewTimer)
    clearTimeout(this.retryTimer)
    this.socket.disconnect()
    this.emit('over', reason)
  }

  async startStream(request: StreamRequest): Promise<StreamInfo> {
    const answer = await this.call('stream.start', {
      sample_rate_hz: request.sampleRateHz,
      packet_samples: request.packetSamples,
      suppression_limit_db: request.suppressionLimitDb,
    })
    return answer as StreamInfo
  }

  async setSuppressionLimit(limitDb: number | null): Promise<void> {
    await this.call('stream.set', { suppression_limit_db: limitDb })
  }

  /** Ends the stream; every packet and the tail have arrived before the summary does. */
  async endStream(): Promise<StreamSummary> {
    return (await this.call('stream.end', {})) as StreamSummary
  }

  /** Sends one packet; its buffer may be reused at once. Packets are not kept while there is no connection. */
  sendPacket(packet: ArrayBuffer): void {
    if (this.socket.connected) this.socket.emit('audio', packet)
  }

  private listen(): void {
    this.socket.on('connect', () => {
      this.planRenewal()
      this.emit('connection', true)
    })
    this.socket.on('disconnect', (reason) => {
      this.emit('connection', false)
      // After a disconnect by the box, socket.io leaves trying again to us.
      if (reason === 'io server disconnect') this.retrySoon()
    })
    this.socket.on('connect_error', (error: Error & { data?: unknown }) => {
      this.emit('connection', false)
      this.takeRefusal(error.data)
    })
    this.socket.on('audio', (bytes: unknown) => {
      const packet = bytes instanceof ArrayBuffer ? decodePacket(bytes) : null
      if (packet !== null) this.emit('audio', packet)
      else this.emit('notice', new HushboxError('packet_malformed'))
    })
    this.socket.on('stream.ended', (summary: SessionEvents['ended']) => {
      this.emit('ended', summary)
    })
    this.socket.on('notice', (error: unknown) => {
      this.emit('notice', HushboxError.fromWire(error))
    })
    this.socket.on('goodbye', (error: unknown) => {
      this.takeRefusal(error)
    })
    this.socket.on('token.expiring', () => {
      void this.renew()
    })
  }

  private takeRefusal(value: unknown): void {
    if (!isWireError(value)) return
    const error = HushboxError.fromWire(value)
    if (error.needsPin || !error.retryable) {
      this.end(error)
      return
    }
    this.emit('refused', error)
    this.retrySoon()
  }

  private retrySoon(): void {
    if (this.closed) return
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(() => {
      this.socket.connect()
    }, RETRY_MS)
  }

  private planRenewal(): void {
    clearTimeout(this.renewTimer)
    const waitMs = (this.grant.expiresAtMs - Date.now()) * RENEW_AT
    this.renewTimer = setTimeout(
      () => {
        void this.renew()
      },
      Math.min(Math.max(waitMs, 1000), LONGEST_TIMER_MS),
    )
  }

  private async renew(): Promise<void> {
    if (!this.socket.connected) return
    try {
      this.grant = toGrant(await this.call('token.renew', {}))
      this.emit('grant', this.grant)
      this.planRenewal()
    } catch (error) {
      this.emit('notice', HushboxError.from(error))
    }
  }

  private async call(event: string, argument: object): Promise<unknown> {
    if (!this.socket.connected) throw new HushboxError('server_gone')
    const answer: unknown = await this.socket
      .timeout(ACK_TIMEOUT_MS)
      .emitWithAck(event, argument)
      .catch(() => {
        throw new HushboxError(this.socket.connected ? 'server_silent' : 'server_gone')
      })
    const { ok, error } = (answer ?? {}) as { ok?: unknown; error?: unknown }
    if (ok !== true) throw HushboxError.fromWire(error)
    return answer
  }
}
