/** Seconds as 1:05. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** Seconds as a person says them: 0.4 s, 21 s, 1 min 5 s. */
export function duration(seconds: number): string {
  if (seconds < 0.1) return 'less than 0.1 s'
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** Hz as 48 kHz or 44.1 kHz. */
export function kilohertz(rateHz: number): string {
  return `${rateHz / 1000} kHz`
}

/** Files name.wav and name.clean.wav lie next to each other. */
export function cleanName(fileName: string): string {
  return `${fileName.replace(/\.[^.]+$/, '')}.clean.wav`
}
