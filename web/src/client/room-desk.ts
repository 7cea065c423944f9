import { workletUrls } from '../audio/worklet-urls'
import type { Cleaned } from './answer-window'
import type { Connection } from './connection'
import { HushboxError } from './errors'
import type { Lane } from './lane'
import { decodePacket } from './packet'
import type { Member, OpenInvitation, Room, RoomEnd, RoomMessage, RoomVoice } from './room'
import { RoomPlayer } from './room-player'
import { Store } from './store'

export interface RoomEvents {
  change: undefined
  error: HushboxError
}

interface Welcome {
  room: Room
  member_id: string
  messages?: RoomMessage[]
  invitation?: OpenInvitation
}

/** Any rate will do until a voice tells its own. */
const FIRST_RATE_HZ = 48000

/** The room that this device is in (PROTOCOL.md, 9): who is there, what is said, and the voice. */
export class RoomDesk extends Store<RoomEvents> {
  room: Room | null = null
  memberId = ''
  messages: readonly RoomMessage[] = []
  invitation: OpenInvitation | null = null
  /** Why the last room is over; null while there is none, and after leaving it. */
  ended: { roomId: string; reason: RoomEnd } | null = null
  listening = true
  private readonly lane: Lane
  private readonly player = new RoomPlayer(workletUrls)
  private displayName = ''
  /** The stream whose voice goes to the room. */
  private streamId: string | null = null

  constructor(connection: Connection) {
    super()
    this.lane = connection.lane('/rooms')
    this.lane.onConnection((connected) => {
      if (connected && this.room !== null) void this.comeBack(this.room.room_id)
      this.changed()
    })
    this.lane.on('room.presence', ({ members }: { members: Member[] }) => this.update({ members }))
    this.lane.on('room.voice', (voice: RoomVoice | null) => this.takeVoice(voice))
    this.lane.on('room.message', (message: RoomMessage) => {
      this.messages = [...this.messages, message]
      this.changed()
    })
    this.lane.on('room.closed', ({ reason }: { reason: RoomEnd }) => this.over(reason))
    this.lane.on('voice', (bytes: unknown) => {
      const packet = bytes instanceof ArrayBuffer ? decodePacket(bytes) : null
      if (packet !== null && this.listening) this.player.play(packet)
    })
  }

  get connected(): boolean {
    return this.lane.connected
  }

  /** How much of the voice that is heard here was cleaned, of the last second. */
  get cleaned(): Cleaned {
    return this.player.cleaned
  }

  get me(): Member | null {
    return this.room?.members.find(({ member_id }) => member_id === this.memberId) ?? null
  }

  open(name: string, displayName: string): Promise<void> {
    return this.enter('room.open', { name, display_name: displayName }, displayName)
  }

  /** `roomId` null: the room that the token is for. */
  join(roomId: string | null, displayName: string): Promise<void> {
    const place = roomId === null ? {} : { room_id: roomId }
    return this.enter('room.join', { ...place, display_name: displayName }, displayName)
  }

  async leave(): Promise<void> {
    await this.guarded(() => this.lane.call('room.leave', {}))
    this.over(null)
  }

  async close(): Promise<void> {
    await this.guarded(() => this.lane.call('room.close', {}))
  }

  async invite(role: 'listener' | 'speaker'): Promise<void> {
    await this.guarded(async () => {
      this.invitation = (
        await this.lane.call<{ invitation: OpenInvitation }>('room.invite', { role })
      ).invitation
      this.changed()
    })
  }

  async listen(listening: boolean): Promise<void> {
    this.listening = listening
    this.player.clear()
    this.changed()
    await this.guarded(() => this.lane.call('room.state', { listening }))
  }

  async tellRecording(recording: boolean): Promise<void> {
    await this.guarded(() => this.lane.call('room.state', { recording }))
  }

  /** Gives the clean voice of this stream to the room. */
  async speak(streamId: string): Promise<void> {
    await this.guarded(async () => {
      await this.lane.call('room.speak', { stream_id: streamId })
      this.streamId = streamId
    })
  }

  async silence(): Promise<void> {
    this.streamId = null
    await this.guarded(() => this.lane.call('room.silence', {}))
  }

  async chat(text: string): Promise<boolean> {
    return this.guarded(() => this.lane.call('room.chat', { text }))
  }

  private async enter(event: string, request: object, displayName: string): Promise<void> {
    // The click that brings a person here is the one that lets the browser play sound.
    void this.player.open(FIRST_RATE_HZ)
    await this.guarded(async () => this.welcome(await this.lane.call<Welcome>(event, request), displayName))
  }

  private welcome(welcome: Welcome, displayName: string): void {
    this.displayName = displayName
    this.room = welcome.room
    this.memberId = welcome.member_id
    this.messages = welcome.messages ?? []
    this.invitation = welcome.invitation ?? this.invitation
    this.ended = null
    this.takeVoice(welcome.room.voice)
  }

  /** After a break of the connection: into the same room, speaking if it was so. */
  private async comeBack(roomId: string): Promise<void> {
    const { displayName, listening, streamId } = this
    try {
      const request = { room_id: roomId, display_name: displayName }
      this.welcome(await this.lane.call<Welcome>('room.join', request), displayName)
      if (!listening) await this.listen(false)
      if (streamId !== null) await this.speak(streamId)
    } catch (error) {
      if (this.lane.connected && HushboxError.from(error).code === 'not_found') this.over('gone')
    }
  }

  private takeVoice(voice: RoomVoice | null): void {
    this.player.clear()
    if (voice !== null) void this.player.open(voice.sample_rate_hz)
    this.update({ voice })
  }

  private over(reason: RoomEnd | null): void {
    const { room } = this
    this.ended = reason === null || room === null ? null : { roomId: room.room_id, reason }
    this.room = null
    this.invitation = null
    this.streamId = null
    void this.player.close()
    this.changed()
  }

  private update(change: Partial<Room>): void {
    if (this.room !== null) this.room = { ...this.room, ...change }
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
