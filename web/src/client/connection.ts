import { Manager, type Socket } from 'socket.io-client'
import * as parser from 'socket.io-msgpack-parser'
import { Emitter } from './emitter'
import { HushboxError, isWireError } from './errors'
import { Lane, type LaneName } from './lane'
import { roleOf, toGrant, type Grant, type Role } from './pairing'

/** How the packets travel: `polling` is what is left where WebSockets do not come through. */
export type Transport = 'websocket' | 'polling'

export interface ConnectionEvents {
  /** Connected or not; when not, the client tries again by itself. */
  connection: boolean
  /** Something went wrong that no call waits for. */
  notice: HushboxError
  /** The box refused the connection or ended it, and the client tries again by itself. */
  refused: HushboxError
  /** The session is over for good: why (`needsPin` says whether a new PIN would help), or null when it was closed here. */
  over: HushboxError | null
  /** A newer token replaced the old one. */
  grant: Grant
}

const FAST: readonly Transport[] = ['websocket', 'polling']
/** Polling may still change over to a WebSocket, where one comes through. */
const SURE: readonly Transport[] = ['polling', 'websocket']
const OPEN_TIMEOUT_MS = 5000
const RETRY_MS = 3000
/** Renew when this share of the token's life is over. */
const RENEW_AT = 0.75
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** One authenticated connection to a box (PROTOCOL.md, 4 and 7): it reconnects and renews its token by itself. */
export class Connection extends Emitter<ConnectionEvents> {
  readonly role: Role
  private readonly manager: Manager
  private readonly home: Socket
  private readonly lanes = new Map<LaneName, { lane: Lane; socket: Socket }>()
  private renewTimer: ReturnType<typeof setTimeout> | undefined
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private renewing = false
  /** This transport has brought an answer of the box. */
  private proven = false
  private started = false
  private closed = false

  constructor(
    private grant: Grant,
    readonly boxUrl = '',
  ) {
    super()
    this.role = roleOf(grant.token)
    this.manager = new Manager(boxUrl, {
      parser,
      transports: [...FAST],
      tryAllTransports: true,
      timeout: OPEN_TIMEOUT_MS,
      reconnectionDelay: 500,
      reconnectionDelayMax: 4000,
      autoConnect: false,
    })
    // A listener may not use the audio lane.
    this.home = this.open(this.role === 'listener' ? '/rooms' : '/audio').socket
    this.manager.on('open', () => {
      this.manager.engine.on('upgrade', () => this.emit('connection', this.connected))
    })
    this.manager.on('close', () => this.chooseTransport())
    this.manager.on('error', () => this.chooseTransport())
    this.home.on('connect', () => {
      this.proven = true
      this.planRenewal()
      this.emit('connection', true)
    })
    this.home.on('disconnect', () => this.emit('connection', false))
  }

  get connected(): boolean {
    return this.home.connected
  }

  get token(): string {
    return this.grant.token
  }

  /** Null while there is no connection. */
  get transport(): Transport | null {
    if (!this.connected) return null
    return this.manager.engine.transport.name === 'polling' ? 'polling' : 'websocket'
  }

  /** Call it when everyone listens who has to hear of it, also of a refusal. */
  connect(): void {
    if (this.started) return
    this.started = true
    for (const { socket } of this.lanes.values()) socket.connect()
  }

  /** A namespace; its first use opens it. */
  lane(name: LaneName): Lane {
    const { lane, socket } = this.open(name)
    if (this.started && !this.closed && !socket.active) socket.connect()
    return lane
  }

  /** Gives up this connection and opens a new one, when the box no longer answers on it; a stream may be resumed. */
  reconnect(): void {
    if (!this.closed) this.manager.engine.close()
  }

  /** Some networks let a WebSocket open and then nothing through: the next try begins with what always works. */
  private chooseTransport(): void {
    this.manager.opts.transports = [...(this.proven ? FAST : SURE)]
    this.proven = false
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
    for (const { socket } of this.lanes.values()) socket.disconnect()
    this.emit('over', reason)
  }

  private open(name: LaneName): { lane: Lane; socket: Socket } {
    const known = this.lanes.get(name)
    if (known !== undefined) return known
    const socket = this.manager.socket(name, {
      auth: (send) => {
        send({ token: this.grant.token })
      },
    })
    const opened = { lane: new Lane(socket), socket }
    this.lanes.set(name, opened)
    this.listen(socket)
    return opened
  }

  private listen(socket: Socket): void {
    socket.on('disconnect', (reason) => {
      // After a disconnect by the box, socket.io leaves trying again to us.
      if (reason === 'io server disconnect') this.retrySoon()
    })
    socket.on('connect_error', (error: Error & { data?: unknown }) => {
      if (socket === this.home) this.emit('connection', false)
      this.takeRefusal(error.data, socket)
    })
    socket.on('notice', (error: unknown) => {
      this.emit('notice', HushboxError.fromWire(error))
    })
    socket.on('goodbye', (error: unknown) => {
      this.takeRefusal(error, this.home)
    })
    socket.on('token.expiring', () => {
      void this.renew()
    })
  }

  private takeRefusal(value: unknown, socket: Socket): void {
    if (!isWireError(value)) return
    const error = HushboxError.fromWire(value)
    if (error.needsPin || (!error.retryable && socket === this.home)) {
      this.end(error)
      return
    }
    this.emit('refused', error)
    if (error.retryable) this.retrySoon()
  }

  private retrySoon(): void {
    if (this.closed) return
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(() => {
      for (const { socket } of this.lanes.values()) socket.connect()
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
    if (!this.home.connected || this.renewing) return
    this.renewing = true
    try {
      this.grant = toGrant(await new Lane(this.home).call('token.renew', {}))
      this.emit('grant', this.grant)
      this.planRenewal()
    } catch (error) {
      this.emit('notice', HushboxError.from(error))
    } finally {
      this.renewing = false
    }
  }
}
