import { HushboxError } from './errors'

/** A token and when it ends, by this device's clock. */
export interface Grant {
  token: string
  expiresAtMs: number
}

/** What a token's holder may do (PROTOCOL.md, 7). */
export type Role = 'owner' | 'speaker' | 'listener'

/**
 * Buys a token with the PIN that the box shows. With `formerToken`, ended or not, it is for the same device as that one,
 * which keeps its files. Raises HushboxError: pin_wrong, pin_locked, bad_request, server_gone.
 */
export async function pair(pin: string, boxUrl = '', formerToken: string | null = null): Promise<Grant> {
  return (await buy(`${boxUrl}/api/v1/pair`, { pin }, formerToken)).grant
}

/** A token bought with an invitation, and the one room that it may be for. */
export interface Welcome {
  grant: Grant
  roomId: string | null
}

/**
 * Buys a token with the code of an invitation; `formerToken` as in `pair`.
 * Raises HushboxError: invitation_invalid, bad_request, server_gone.
 */
export async function redeemInvitation(
  code: string,
  boxUrl = '',
  formerToken: string | null = null,
): Promise<Welcome> {
  const { grant, body } = await buy(`${boxUrl}/api/v1/invitations/redeem`, { code }, formerToken)
  const { room } = body as { room?: unknown }
  return { grant, roomId: typeof room === 'string' ? room : null }
}

/** What a token says of itself; a box checks it, a page only needs to know what to show. */
export function roleOf(token: string): Role {
  const { role } = claimsOf(token)
  return role === 'owner' || role === 'listener' ? role : 'speaker'
}

/** The one room that a token is for, if it is. */
export function roomOf(token: string): string | null {
  const { room } = claimsOf(token)
  return typeof room === 'string' ? room : null
}

function claimsOf(token: string): { role?: unknown; room?: unknown } {
  const body = token.split('.')[1] ?? ''
  try {
    return JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/'))) as {
      role?: unknown
      room?: unknown
    }
  } catch {
    return {}
  }
}

async function buy(
  url: string,
  payment: object,
  formerToken: string | null,
): Promise<{ grant: Grant; body: unknown }> {
  const former = formerToken === null ? {} : { token: formerToken }
  const response = await post(url, JSON.stringify({ ...payment, ...former }))
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw HushboxError.fromWire((body as { error?: unknown } | null)?.error)
  return { grant: toGrant(body), body }
}

/** Reads `{token, expires_in_s}`. */
export function toGrant(body: unknown): Grant {
  const { token, expires_in_s: expiresInS } = (body ?? {}) as { token?: unknown; expires_in_s?: unknown }
  if (typeof token !== 'string' || typeof expiresInS !== 'number') throw HushboxError.fromWire(null)
  return { token, expiresAtMs: Date.now() + expiresInS * 1000 }
}

async function post(url: string, body: string): Promise<Response> {
  try {
    return await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  } catch {
    throw new HushboxError('server_gone')
  }
}
