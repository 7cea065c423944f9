/** Seconds as 1:05. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** Hz as 48 kHz or 44.1 kHz. */
export function kilohertz(rateHz: number): string {
  return `${rateHz / 1000} kHz`
}

/** Files name.wav and name.clean.wav lie next to each other. */
export function cleanName(fileName: string): string {
  return `${fileName.replace(/\.[^.]+$/, '')}.clean.wav`
}
