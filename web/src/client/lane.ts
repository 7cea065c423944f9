import type { Socket } from 'socket.io-client'
import { HushboxError } from './errors'

/** The namespaces of a box (PROTOCOL.md, 4 and 7). */
export type LaneName = '/audio' | '/jobs' | '/rooms' | '/box'

const ACK_TIMEOUT_MS = 8000

/** One namespace of a connection: calls that are acknowledged, and events that the box sends. */
export class Lane {
  constructor(private readonly socket: Socket) {}

  get connected(): boolean {
    return this.socket.connected
  }

  /** Calls `listener` with the argument of every event `name`; returns the function that stops it. */
  on(name: string, listener: (argument: never) => void): () => void {
    const heard = listener as (argument: unknown) => void
    this.socket.on(name, heard)
    return () => {
      this.socket.off(name, heard)
    }
  }

  /** Calls `listener` whenever the lane is open (at once, if it is already) or was lost. */
  onConnection(listener: (connected: boolean) => void): () => void {
    const opened = () => listener(true)
    const lost = () => listener(false)
    this.socket.on('connect', opened)
    this.socket.on('disconnect', lost)
    if (this.socket.connected) listener(true)
    return () => {
      this.socket.off('connect', opened)
      this.socket.off('disconnect', lost)
    }
  }

  /** Sends without waiting for anything; what is sent while there is no connection is left out. */
  send(event: string, argument: unknown): void {
    if (this.socket.connected) this.socket.emit(event, argument)
  }

  /** Asks the box and gives its answer. Raises HushboxError: what the box refused with, server_gone, server_silent. */
  async call<Answer = unknown>(event: string, argument: object, timeoutMs = ACK_TIMEOUT_MS): Promise<Answer> {
    if (!this.socket.connected) throw new HushboxError('server_gone')
    const answer: unknown = await this.socket
      .timeout(timeoutMs)
      .emitWithAck(event, argument)
      .catch(() => {
        throw new HushboxError(this.socket.connected ? 'server_silent' : 'server_gone')
      })
    const { ok, error } = (answer ?? {}) as { ok?: unknown; error?: unknown }
    if (ok !== true) throw HushboxError.fromWire(error, answer)
    return answer as Answer
  }
}
