import type { Gap } from '../audio/recorder'

/** The same gaps, where one that goes on where another ends is one with it. */
export function joinGaps(gaps: readonly Gap[], rateHz: number): Gap[] {
  const joined: Gap[] = []
  for (const gap of gaps) {
    const last = joined.at(-1)
    const end = last === undefined ? null : last.atSample + Math.round(last.seconds * rateHz)
    if (last !== undefined && end === gap.atSample) last.seconds += gap.seconds
    else joined.push({ ...gap })
  }
  return joined
}
