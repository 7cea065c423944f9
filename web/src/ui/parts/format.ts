import { localeOf, type Language, type Strings } from '../strings'

/** Seconds as 1:05, or 1:01:05. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const minutes = Math.floor(whole / 60) % 60
  const hours = Math.floor(whole / 3600)
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(whole % 60).padStart(2, '0')}`
  return hours > 0 ? `${hours}:${tail}` : tail
}

/** Seconds as a person says them: 0.4 s, 21 s, 1 min 5 s, 3 h 20 min, 2 days. */
export function duration(seconds: number, time: Strings['time']): string {
  if (seconds < 0.1) return time.lessThanATenth
  if (seconds < 9.95) return time.seconds(Number(seconds.toFixed(1)))
  const whole = Math.round(seconds)
  if (whole < 60) return time.seconds(whole)
  if (whole < 3600) return time.minutes(Math.floor(whole / 60), whole % 60)
  const minutes = Math.round(whole / 60)
  if (minutes < 48 * 60) return time.hours(Math.floor(minutes / 60), minutes % 60)
  return time.days(Math.round(minutes / (24 * 60)))
}

/** Hz as 48 kHz or 44.1 kHz. */
export function kilohertz(rateHz: number): string {
  return `${rateHz / 1000} kHz`
}

/** Bytes as 740 kB or 12.3 MB. */
export function bytes(count: number): string {
  if (count < 1e6) return `${Math.ceil(count / 1000)} kB`
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(1)} GB`
}

/** A moment as the language writes it, to the minute. */
export function moment(atMs: number, language: Language): string {
  return new Intl.DateTimeFormat(localeOf(language), { dateStyle: 'medium', timeStyle: 'short' }).format(atMs)
}

/** The time of day, to the minute (`short`) or to the second (`medium`). */
export function timeOfDay(atMs: number, language: Language, timeStyle: 'short' | 'medium'): string {
  return new Intl.DateTimeFormat(localeOf(language), { timeStyle }).format(atMs)
}

/** A level, with a true minus sign. */
export function decibels(db: number): string {
  return `${Math.round(db)} dB`.replace('-', '\u2212')
}
