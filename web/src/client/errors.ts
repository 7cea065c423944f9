/** The error object that a box sends on every lane (PROTOCOL.md, 2). */
export interface WireError {
  code: string
  message: string
  retryable: boolean
  retry_after_s?: number
}

/** Codes that arise in the browser itself; the others come from the box. */
export const BROWSER_CODES = [
  'insecure_page',
  'microphone_refused',
  'microphone_missing',
  'microphone_busy',
  'microphone_lost',
  'microphone_changed',
  'sound_output_missing',
  'feedback',
  'storage_full',
  'storage_closed',
  'server_gone',
  'server_silent',
] as const

/** The one error that this client raises. `code` is stable; `retryable` says whether trying again may help. */
export class HushboxError extends Error {
  constructor(
    readonly code: string,
    message = code,
    readonly retryable = true,
    /** The whole refusal, where it says more than why. */
    readonly answer: unknown = null,
    /** In how many seconds trying again may help; null where the box does not say. */
    readonly retryAfterS: number | null = null,
  ) {
    super(message)
    this.name = 'HushboxError'
  }

  /** Reads an error object off the wire; anything else becomes `internal`. */
  static fromWire(value: unknown, answer: unknown = null): HushboxError {
    if (!isWireError(value))
      return new HushboxError('internal', 'The box answered in a way that this page does not know.')
    const { code, message, retryable, retry_after_s: retryAfterS } = value
    return new HushboxError(code, message, retryable, answer, retryAfterS ?? null)
  }

  /** Keeps a HushboxError as it is; whatever else was thrown becomes `page_failed`, with its own words. */
  static from(error: unknown): HushboxError {
    if (error instanceof HushboxError) return error
    const words = error instanceof Error ? error.message : String(error)
    return new HushboxError('page_failed', words)
  }

  /** Whether only a new PIN helps. */
  get needsPin(): boolean {
    return ['token_missing', 'token_invalid', 'token_expired', 'token_revoked'].includes(this.code)
  }
}

export function isWireError(value: unknown): value is WireError {
  if (typeof value !== 'object' || value === null) return false
  const error = value as Partial<WireError>
  return typeof error.code === 'string' && typeof error.message === 'string'
}
