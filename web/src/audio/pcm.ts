const FULL_SCALE = 32768

/** One sample in [-1, 1] as signed 16-bit, rounded and clipped. */
export function toInt16(sample: number): number {
  const scaled = Math.round(sample * FULL_SCALE)
  return scaled > 32767 ? 32767 : scaled < -32768 ? -32768 : scaled
}

/** One signed 16-bit sample in [-1, 1). */
export function toFloat(sample: number): number {
  return sample / FULL_SCALE
}
