import { HushboxError } from './errors'

/** A token and when it ends, by this device's clock. */
export interface Grant {
  token: string
  expiresAtMs: number
}

/** Buys a token with the PIN that the box shows. Raises HushboxError: pin_wrong, pin_locked, bad_request, server_gone. */
export async function pair(pin: string, boxUrl = ''): Promise<Grant> {
  const response = await post(`${boxUrl}/api/v1/pair`, JSON.stringify({ pin }))
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw HushboxError.fromWire((body as { error?: unknown } | null)?.error)
  return toGrant(body)
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
