import type { AudioDevices } from './audio-devices'
import type { Delay } from './delay-meter'
import type { NetworkProbe } from './network-probe'
import type { VoiceLine } from './voice-line'

/** Where the delay of a running stream comes from; null while nothing has come back yet. */
export function delayOf(
  devices: AudioDevices | null,
  line: VoiceLine | null,
  probe: NetworkProbe | null,
): Delay | null {
  const stream = line?.stream ?? null
  const tripMs = stream?.delay.roundTripMs ?? null
  if (devices === null || stream === null || tripMs === null) return null
  const packetMs = (devices.packetSamples * 1000) / devices.context.sampleRate
  const networkMs = probe?.networkMs ?? null
  return {
    microphoneMs: devices.microphoneMs,
    networkMs,
    queueMs: Math.max(0, tripMs - packetMs - (networkMs ?? 0)),
    modelMs: stream.info.delay_ms,
    playbackMs: devices.playback.waitMs + devices.outputMs,
  }
}
