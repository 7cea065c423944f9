import type { Role } from './pairing'

/** What the box tells its owner (PROTOCOL.md, 10). */
export interface BoxStats {
  at_ms: number
  live_voices: number
  max_streams: number
  max_streams_when_cool: number
  limited_by: 'setting' | 'cores' | 'heat'
  capacity_voices: number | null
  connections: number
  batch_size_mean: number | null
  delay_ms_p50: number | null
  delay_ms_p95: number | null
  delay_ms_p99: number | null
  late_frames_per_s: number
  dropped_packets_per_s: number
  lost_packets_per_s: number
  unsent_packets_per_s: number
  file_streams: number
  jobs_queued: number
  rooms: number
  listeners: number
  temperature_c: number | null
  /** The processor is slowed down, by heat or by a weak power supply; null where the system does not tell. */
  throttled: boolean | null
  cpu_percent: number | null
  memory_bytes: number | null
  disk_free_bytes: number | null
  uptime_s: number
}

export interface BoxEvent {
  number: number
  at_ms: number
  kind: string
  /** A sentence in English. */
  text: string
  fields: Readonly<Record<string, unknown>>
}

export interface BoxSession {
  session_id: string
  device: string
  role: Role
  address: string
  connected_at_ms: number
  namespaces: string[]
  live: boolean
  invitation_id: string | null
}

export type BoxLimits = Record<string, { value: number; lowest: number; highest: number }>

export interface Capacity {
  voices: number
  measured_at_ms: number
}

export interface InvitationWish {
  role: Role
  expiresInS: number
  /** 0 for no limit. */
  maxUses: number
  label: string
}
