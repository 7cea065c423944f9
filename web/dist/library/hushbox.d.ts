/** A token of a box and when it ends, by this device's clock. */
export interface Grant {
  token: string
  expiresAtMs: number
}

/**
 * Buys a token with the PIN that the box shows. With `formerToken`, ended or not, it is for the same device as that one.
 * Raises HushboxError: pin_wrong, pin_locked, bad_request, server_gone.
 */
export declare function pair(pin: string, boxUrl?: string, formerToken?: string | null): Promise<Grant>

/** What is true about the sound right now. Only `on` means that the noise is being removed. */
export type Truth =
  | 'off'
  | 'starting'
  | 'on'
  | 'late'
  | 'bypassed'
  | 'original'
  | 'stalled'
  | 'reconnecting'
  | 'interrupted'
  | 'muted'

/** The one error that this library raises; the codes are those of PROTOCOL.md, section 2, and a few of the browser's own. */
export declare class HushboxError extends Error {
  readonly code: string
  readonly retryable: boolean
  /** In how many seconds trying again may help; null where the box does not say. */
  readonly retryAfterS: number | null
  /** Whether only a new PIN helps. */
  get needsPin(): boolean
}

export interface DenoisedStreamOptions {
  /** What `pair` gave; it is renewed by itself, and `onGrant` hears of it. */
  grant: Grant
  /** The address of the box; the page's own by default. */
  boxUrl?: string
  /** 0 to 40 dB, or null for no limit (the default). */
  suppressionLimitDb?: number | null
  /** Ends everything: the stream at the box, the connection, the clean track. */
  signal?: AbortSignal
  /** What is true about the clean track, whenever it changes. */
  onTruth?: (truth: Truth) => void
  onGrant?: (grant: Grant) => void
  /** The stream is over for good, and the clean track has ended. */
  onError?: (error: HushboxError) => void
}

/**
 * Gives a stream whose audio track is the clean voice of `source`; video tracks are passed on as they are.
 *
 * While nothing comes back from the box the track is silent, never noisy. Call it from a click: browsers only run sound
 * after one. Raises HushboxError.
 */
export declare function createDenoisedStream(
  source: MediaStream,
  options: DenoisedStreamOptions,
): Promise<MediaStream>
