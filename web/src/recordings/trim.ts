import type { Range } from './sound'

/** The shortest piece that may be cut out, in seconds. */
const SHORTEST_S = 0.2

/** Moves the start or the end of `range` to `seconds`, inside of a sound of `length` samples; the two never cross. */
export function moveEdge(
  range: Range,
  edge: 'from' | 'to',
  seconds: number,
  sound: { length: number; rateHz: number },
): Range {
  const shortest = Math.min(sound.length, Math.round(SHORTEST_S * sound.rateHz))
  const wanted = Math.round(seconds * sound.rateHz)
  if (edge === 'from') return { ...range, from: clamp(wanted, 0, range.to - shortest) }
  return { ...range, to: clamp(wanted, range.from + shortest, sound.length) }
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.max(lowest, Math.min(highest, value))
}
