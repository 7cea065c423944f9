import { roleOf, roomOf, type Role } from '../../client'

const RANKS: readonly Role[] = ['listener', 'speaker', 'owner']

/**
 * Whether `token` opens what `present` does not: a link never takes away what this device may do already, but who may
 * only be in one room needs another token for another one.
 */
export function opensMore(token: string, present: string): boolean {
  const room = roomOf(present)
  if (room !== null) return roomOf(token) !== room || rankOf(token) > rankOf(present)
  return rankOf(token) > rankOf(present)
}

function rankOf(token: string): number {
  return RANKS.indexOf(roleOf(token))
}
