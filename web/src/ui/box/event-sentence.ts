import type { BoxEvent } from '../../client/box'
import { HushboxError } from '../../client'
import { kilohertz } from '../parts/format'
import { sentenceFor } from '../parts/sentences'
import type { Strings } from '../strings'

type Kind = keyof Strings['events']

/** What happened, as a sentence; as the box itself says it where this page knows no better. */
export function eventSentence(event: BoxEvent, strings: Strings): string {
  if (!(event.kind in strings.events)) return event.text
  return strings.events[event.kind as Kind](detailOf(event, strings))
}

function detailOf({ fields }: BoxEvent, strings: Strings): string {
  const { code, role, reason, sample_rate_hz: rateHz, voices, voices_when_cool: most } = fields
  if (typeof code === 'string') return sentenceFor(new HushboxError(code), strings)
  if (typeof role === 'string') return wordOf(strings.rooms.roles, role)
  if (typeof reason === 'string') return wordOf(strings.rooms.ends, reason)
  if (typeof rateHz === 'number') return kilohertz(rateHz)
  if (typeof voices === 'number' && typeof most === 'number') return strings.box.voicesOutOf(voices, most)
  if (typeof voices === 'number') return String(voices)
  return Object.entries(fields)
    .map(([name, value]) => `${wordOf(strings.box.limits, name)} ${String(value)}`)
    .join(', ')
}

function wordOf(words: Readonly<Record<string, string>>, name: string): string {
  return words[name] ?? name
}
