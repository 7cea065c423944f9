import { expect, test } from 'vitest'
import { eventSentence } from '../../src/ui/box/event-sentence'
import { de } from '../../src/ui/strings/de'
import { en } from '../../src/ui/strings/en'

function event(kind: string, fields: Record<string, unknown> = {}) {
  return { number: 1, at_ms: 0, kind, text: 'What the box says.', fields }
}

test.each([
  ['stream.started', { sample_rate_hz: 44100 }, 'Eine Stimme mit 44.1 kHz hat begonnen.'],
  ['client.refused', { code: 'disk_full' }, `Abgelehnt: ${de.errors.disk_full}`],
  ['room.closed', { rooms: 0, reason: 'expired' }, `Ein Raum ist zu Ende. ${de.rooms.ends.expired}`],
  ['invitation.created', { invitation_id: 'i', role: 'listener' }, 'Eine Einladung wurde erstellt: hört zu.'],
  [
    'capacity.lowered',
    { voices: 20, voices_when_cool: 40, temperature_c: 86, throttled: false },
    'Die Box ist heiß oder wird gebremst: Sie nimmt jetzt 20 von 40 Live-Stimmen an.',
  ],
  ['capacity.restored', { voices: 40 }, 'Die Box hat sich erholt: Sie nimmt wieder 40 Live-Stimmen an.'],
  ['limits.changed', { max_rooms: 4, max_streams: 2 }, 'Grenzen wurden gesetzt: Räume 4, Live-Stimmen 2.'],
])('%s is told in the language of the page', (kind, fields, sentence) => {
  expect(eventSentence(event(kind, fields), de)).toBe(sentence)
})

test('what the page does not know is told as the box says it', () => {
  expect(eventSentence(event('new.kind'), en)).toBe('What the box says.')
})
