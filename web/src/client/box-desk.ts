import type { Connection } from './connection'
import { HushboxError } from './errors'
import type { Lane } from './lane'
import type { BoxEvent, BoxLimits, BoxSession, BoxStats, Capacity, InvitationWish } from './box'
import type { Invitation, OpenInvitation } from './room'
import { Store } from './store'

export interface BoxDeskEvents {
  change: undefined
  error: HushboxError
}

interface Everything {
  sessions: BoxSession[]
  invitations: Invitation[]
  limits: BoxLimits
  events: BoxEvent[]
  stats: BoxStats[]
  capacity: Capacity | null
}

const STATS_KEPT = 120
const EVENTS_KEPT = 200
/** Measuring takes seconds, and packing the diagnostics may. */
const LONG_CALL_MS = 120_000

/** What the owner of a box sees and may do (PROTOCOL.md, 10). */
export class BoxDesk extends Store<BoxDeskEvents> {
  /** Null until the box has told. */
  all: Everything | null = null
  invitation: OpenInvitation | null = null
  measuring = false
  private readonly lane: Lane

  constructor(connection: Connection) {
    super()
    this.lane = connection.lane('/box')
    this.lane.onConnection((connected) => {
      if (connected) void this.guarded(() => this.readAll())
    })
    this.lane.on('stats', (stats: BoxStats) => {
      this.update((all) => ({ stats: [...all.stats, stats].slice(-STATS_KEPT) }))
    })
    this.lane.on('event', (event: BoxEvent) => {
      this.update((all) => ({ events: [...all.events, event].slice(-EVENTS_KEPT) }))
    })
    this.lane.on('sessions', ({ sessions }: { sessions: BoxSession[] }) => this.update(() => ({ sessions })))
    this.lane.on('invitations', ({ invitations }: { invitations: Invitation[] }) =>
      this.update(() => ({ invitations })),
    )
  }

  /** Ends a session; with `revoke` its device's token is worth nothing any more. */
  disconnect(sessionId: string, revoke: boolean): Promise<boolean> {
    return this.guarded(() => this.lane.call('session.disconnect', { session_id: sessionId, revoke }))
  }

  invite({ role, expiresInS, maxUses, label }: InvitationWish): Promise<boolean> {
    return this.guarded(async () => {
      const request = { role, expires_in_s: expiresInS, max_uses: maxUses, label }
      const answer = await this.lane.call<{ invitation: OpenInvitation }>('invitation.create', request)
      this.invitation = answer.invitation
      this.changed()
    })
  }

  revoke(invitationId: string): Promise<boolean> {
    return this.guarded(async () => {
      await this.lane.call('invitation.revoke', { invitation_id: invitationId })
      if (this.invitation?.invitation_id === invitationId) this.invitation = null
    })
  }

  setLimits(values: Record<string, number>): Promise<boolean> {
    return this.guarded(async () => {
      const { limits } = await this.lane.call<{ limits: BoxLimits }>('limits.set', values)
      this.update(() => ({ limits }))
    })
  }

  async measure(): Promise<void> {
    this.measuring = true
    this.changed()
    await this.guarded(async () => {
      const { capacity } = await this.lane.call<{ capacity: Capacity }>('capacity.run', {}, LONG_CALL_MS)
      this.update(() => ({ capacity }))
    })
    this.measuring = false
    this.changed()
  }

  /** The last lines of the box's log. Raises HushboxError. */
  async readLog(lines: number): Promise<string[]> {
    return (await this.lane.call<{ lines: string[] }>('log.read', { lines })).lines
  }

  /** The diagnostic bundle. Raises HushboxError. */
  async diagnostics(): Promise<{ file: Blob; name: string }> {
    const { data, name } = await this.lane.call<{ data: ArrayBuffer; name: string }>(
      'diagnostics',
      {},
      LONG_CALL_MS,
    )
    return { file: new Blob([data], { type: 'application/zip' }), name }
  }

  private async readAll(): Promise<void> {
    this.all = await this.lane.call<Everything>('box.get', {})
    this.changed()
  }

  private update(change: (all: Everything) => Partial<Everything>): void {
    if (this.all === null) return
    this.all = { ...this.all, ...change(this.all) }
    this.changed()
  }

  private async guarded(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action()
      return true
    } catch (error) {
      this.emit('error', HushboxError.from(error))
      return false
    }
  }
}
