import { expect, test } from 'vitest'
import { HushboxError } from '../../src/client/errors'
import { changeNotices, type Cause, type NoticeEvent, type Notices } from '../../src/ui/shell/notices'

const failed = (cause: Cause, code: string): NoticeEvent => ({
  type: 'failed',
  cause,
  error: new HushboxError(code),
})

function after(...events: NoticeEvent[]): Partial<Record<Cause, string>> {
  const notices = events.reduce<Notices>(changeNotices, {})
  return Object.fromEntries(Object.entries(notices).map(([cause, error]) => [cause, error.code]))
}

const everything = [
  failed('entry', 'pin_wrong'),
  failed('connection', 'server_stopping'),
  failed('live', 'microphone_lost'),
  failed('passing', 'overrun'),
]

test('a box that is back is no longer shutting down; the microphone is still lost', () => {
  expect(after(...everything, { type: 'connected' })).toEqual({
    entry: 'pin_wrong',
    live: 'microphone_lost',
    passing: 'overrun',
  })
})

test('pressing the switch again ends what was said about the last time', () => {
  expect(after(...everything, { type: 'switched' })).toEqual({
    entry: 'pin_wrong',
    connection: 'server_stopping',
  })
})

test('what failed because the box was away is over when the box is back', () => {
  expect(after(failed('live', 'server_gone'))).toEqual({ connection: 'server_gone' })
  expect(after(failed('live', 'server_gone'), { type: 'connected' })).toEqual({})
})

test('trying another PIN ends what was wrong with the last one', () => {
  expect(after(failed('entry', 'server_gone'), { type: 'pairing' })).toEqual({})
})

test('pairing ends everything', () => {
  expect(after(...everything, { type: 'paired' })).toEqual({})
})

test('after the session only its reason is left, and none where a person ended it', () => {
  expect(after(...everything, { type: 'left', reason: new HushboxError('token_expired') })).toEqual({
    entry: 'token_expired',
  })
  expect(after(...everything, { type: 'left', reason: null })).toEqual({})
})

test('an invitation that was not taken is explained also where the session before it ends', () => {
  const refused = failed('invitation', 'invitation_invalid')
  expect(after(refused, { type: 'left', reason: new HushboxError('token_revoked') })).toEqual({
    entry: 'token_revoked',
    invitation: 'invitation_invalid',
  })
  expect(after(refused, { type: 'pairing' })).toEqual({})
})

test('a notice can be ended alone', () => {
  expect(Object.keys(after(...everything, { type: 'ended', cause: 'passing' }))).toEqual([
    'entry',
    'connection',
    'live',
  ])
})
