import { roleOf, roomOf, type Role } from '../../client'

const RANKS: readonly Role[] = ['listener', 'speaker', 'owner']

/**
 * Whether `token` is to take the place of `present`: a higher role always is, since who was invited to speak wants to
 * speak, even if only in one room. Otherwise only who may be in one room alone needs another token for another one.
 */
export function opensMore(token: string, present: string): boolean {
  const room = roomOf(present)
  if (room !== null) return roomOf(token) !== room || rankOf(token) > rankOf(present)
  return rankOf(token) > rankOf(present)
}

function rankOf(token: string): number {
  return RANKS.indexOf(roleOf(token))
}
