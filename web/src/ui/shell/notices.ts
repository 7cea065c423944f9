import type { HushboxError } from '../../client'

/** What a notice is about, and so what ends it. */
export type Cause =
  /** Why the page asks for a PIN, or did not take one; until it is paired. */
  | 'entry'
  /** Why an invitation was not taken; until the page is paired, or a PIN is tried. */
  | 'invitation'
  /** Why the box is away; until it is back. */
  | 'connection'
  /** Why the switch is off; until it is pressed again. */
  | 'live'
  /** Something that is over already; for a while. */
  | 'passing'

export type Notices = Readonly<Partial<Record<Cause, HushboxError>>>

export type NoticeEvent =
  | { type: 'failed'; cause: Cause; error: HushboxError }
  | { type: 'connected' | 'pairing' | 'paired' | 'switched' }
  /** The session is over; null when a person ended it. */
  | { type: 'left'; reason: HushboxError | null }
  | { type: 'ended'; cause: Cause }

const AWAY_CODES = ['server_gone', 'server_stopping']

/** The notices that are still true after `event`. */
export function changeNotices(notices: Notices, event: NoticeEvent): Notices {
  switch (event.type) {
    case 'failed':
      return { ...notices, [causeOf(event.cause, event.error)]: event.error }
    case 'connected':
      return without(notices, 'connection')
    case 'pairing':
      return without(notices, 'entry', 'invitation')
    case 'paired':
      return {}
    case 'switched':
      return without(notices, 'live', 'passing')
    case 'left':
      return event.reason === null
        ? {}
        : { ...without(notices, 'connection', 'live', 'passing'), entry: event.reason }
    case 'ended':
      return without(notices, event.cause)
  }
}

/** Whatever failed because the box is away is explained when it is back; who wants to come in has to try again all the same. */
function causeOf(cause: Cause, error: HushboxError): Cause {
  return cause !== 'entry' && cause !== 'invitation' && AWAY_CODES.includes(error.code) ? 'connection' : cause
}

function without(notices: Notices, ...causes: Cause[]): Notices {
  return Object.fromEntries(Object.entries(notices).filter(([cause]) => !causes.includes(cause as Cause)))
}
