import { HushboxError } from '../client/errors'

/** The sample rates that a box accepts (PROTOCOL.md, `unsupported_rate`). */
export const SUPPORTED_RATES_HZ: readonly number[] = [8000, 16000, 24000, 32000, 44100, 48000]

export const FALLBACK_RATE_HZ = 48000
export const PACKET_MS = 20
/** A browser that has nothing to play on may wait for it forever. */
const START_TIMEOUT_MS = 5000

/** Samples of a 20 ms packet at `rateHz`. */
export function packetSamples(rateHz: number): number {
  return Math.round((rateHz * PACKET_MS) / 1000)
}

/**
 * Opens an audio context at the device's own rate, or at 48 kHz where a box would refuse that rate
 * (the browser then resamples the microphone).
 */
export async function openAudioContext(): Promise<AudioContext> {
  const context = new AudioContext({ latencyHint: 'interactive' })
  if (SUPPORTED_RATES_HZ.includes(context.sampleRate)) return context
  await context.close()
  return new AudioContext({ latencyHint: 'interactive', sampleRate: FALLBACK_RATE_HZ })
}

/** Lets the sound of a context begin. Raises HushboxError: sound_output_missing. */
export async function startSound(context: AudioContext): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HushboxError('sound_output_missing')), START_TIMEOUT_MS)
  })
  try {
    await Promise.race([context.resume(), tooLate])
  } finally {
    clearTimeout(timer)
  }
}
