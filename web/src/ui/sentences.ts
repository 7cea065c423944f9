import type { HushboxError, LiveSnapshot, RunSummary } from '../client'
import { duration } from './format'

/** What to tell a person about each error code; codes that are not here show the box's own sentence. */
export const SENTENCES: Readonly<Record<string, string>> = {
  pin_wrong: 'That PIN is not right, or it was used already. The box shows a new one after each use.',
  pin_locked: 'Too many wrong PINs. Wait a minute, then type the PIN that the box shows now.',
  token_missing: 'Please connect again with the PIN that the box shows.',
  token_invalid: 'This box no longer knows this page. Connect again with the PIN that it shows.',
  token_expired: 'Your time on this box has run out. Connect again with the PIN that it shows.',
  role_forbidden: 'This connection is not allowed to do that.',
  unknown_event: 'This page and the box do not match. Reload the page.',
  unsupported_rate: 'The box does not support the sample rate of this audio.',
  packet_malformed: 'This page and the box do not match. Reload the page.',
  packet_wrong_size: 'This page and the box do not match. Reload the page.',
  sequence_wrong: 'Some sound arrived in the wrong order and was left out.',
  no_stream: 'The box had ended the stream. Switch on again.',
  stream_exists: 'A stream is already running on this connection. Reload the page.',
  too_many_streams: 'The box is full right now. Try again when somebody has finished.',
  overrun: 'Sound arrived faster than the box could take it, and a little was left out.',
  file_empty: 'That file has no sound in it.',
  file_unreadable: 'The box cannot read that file. WAV, FLAC, Ogg and MP3 work.',
  file_too_large: 'That file is too large for this box.',
  file_too_long: 'That recording is too long for this box.',
  not_found: 'This page and the box do not match. Reload the page.',
  engine_failed: 'The box could not run its model. Try again; if it stays, restart the box.',
  server_stopping: 'The box is shutting down. This page connects again when it is back.',
  internal: 'Something went wrong in the box. Its log has the details.',
  insecure_page:
    'Browsers only open the microphone on secure pages. Open the https address of the box, or localhost on the box itself.',
  microphone_refused:
    'The microphone is blocked. Allow it for this page in the browser’s address bar, then switch on again.',
  microphone_missing: 'No microphone was found. Plug one in, then switch on again.',
  microphone_busy: 'The microphone could not be opened. Another program may be using it.',
  microphone_lost: 'The microphone was unplugged or taken away, so the stream has ended.',
  server_gone: 'The box cannot be reached. Check that it is running and that you are on its network.',
  server_silent: 'The box did not answer in time. Try again.',
}

/** One clear sentence for an error. */
export function sentenceFor(error: HushboxError): string {
  return SENTENCES[error.code] ?? error.message
}

/** The same about a file that was not cleaned, in words that stay true when the box is back. */
export function fileSentenceFor(error: HushboxError): string {
  return FILE_SENTENCES[error.code] ?? sentenceFor(error)
}

const FILE_SENTENCES: Readonly<Record<string, string>> = {
  server_gone: 'The box could not be reached. Try again when this page is connected.',
  server_stopping: 'The box was shutting down. Try again when this page is connected.',
}

/** How it went, the last time that the switch was on. */
export function lastRunSentence({ seconds, lostSeconds, lateSeconds, interruptions }: RunSummary): string {
  const facts = [duration(seconds)]
  if (lostSeconds > 0) facts.push(`${duration(lostSeconds)} lost`)
  if (lateSeconds > 0) facts.push(`${duration(lateSeconds)} not cleaned in time`)
  if (interruptions > 0) facts.push(`interrupted ${interruptions === 1 ? 'once' : `${interruptions} times`}`)
  if (facts.length === 1) facts.push('nothing lost')
  return `Last time: ${facts.join(', ')}.`
}

/** What the status line says for each truth. */
export function statusFor({ truth, suppressionLimitDb, microphone }: LiveSnapshot): string {
  switch (truth) {
    case 'off':
      return 'Off. Your microphone is closed.'
    case 'starting':
      return microphone === null ? 'Starting… The browser may ask for the microphone.' : 'Starting…'
    case 'on':
      return 'On. Noise is being removed.'
    case 'late':
      return 'Behind. Part of the sound is not cleaned right now.'
    case 'bypassed':
      return suppressionLimitDb === 0
        ? 'Not removing anything: the limit is 0 dB.'
        : 'Not removing anything: the box is overloaded.'
    case 'original':
      return 'You are hearing the original, noise included.'
    case 'stalled':
      return 'Nothing is coming back from the box.'
    case 'reconnecting':
      return 'Connection lost. Trying again…'
  }
}
