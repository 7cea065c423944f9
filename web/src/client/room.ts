import type { Role } from './pairing'

/** What the box says of rooms (PROTOCOL.md, 9 and 10). */
export interface Member {
  member_id: string
  display_name: string
  role: Role
  host: boolean
  speaking: boolean
  listening: boolean
  recording: boolean
  dropped_packets: number
}

export interface RoomVoice {
  member_id: string
  sample_rate_hz: number
  packet_samples: number
}

export interface Room {
  room_id: string
  name: string
  opened_at_ms: number
  expires_at_ms: number
  members: Member[]
  voice: RoomVoice | null
}

export interface RoomMessage {
  number: number
  member_id: string
  display_name: string
  text: string
  at_ms: number
}

export interface Invitation {
  invitation_id: string
  role: Role
  label: string
  room_id: string | null
  created_at_ms: number
  expires_at_ms: number
  max_uses: number
  uses: number
  state: 'open' | 'used' | 'expired' | 'revoked'
}

/** Given once, when it is made. */
export interface OpenInvitation extends Invitation {
  code: string
  url: string
  qr_svg: string
}

export type RoomEnd = 'closed' | 'expired' | 'empty' | 'server_stopping' | 'moved' | 'gone'
