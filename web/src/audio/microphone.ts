import { HushboxError } from '../client/errors'

/** Processing that a browser applies by itself; Hushbox asks for none of it. */
export type BrowserProcessing = 'noiseSuppression' | 'echoCancellation' | 'autoGainControl'

const PROCESSING: readonly BrowserProcessing[] = ['noiseSuppression', 'echoCancellation', 'autoGainControl']

/** An open microphone and what the browser really does to it. */
export interface Microphone {
  stream: MediaStream
  track: MediaStreamTrack
  label: string
  /** What the browser left on although it was asked not to. */
  leftOn: BrowserProcessing[]
  /** Channels of the device; more than one are mixed to mono. Null where the browser does not say. */
  channels: number | null
  /** Delay of the device in ms; null where the browser does not say. */
  latencyMs: number | null
}

/**
 * Opens the microphone with the browser's own processing requested off.
 * Raises HushboxError: insecure_page, microphone_refused, microphone_missing, microphone_busy.
 */
export async function openMicrophone(): Promise<Microphone> {
  // Typed as always there, but absent where the page did not come over HTTPS or from localhost.
  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (devices === undefined) throw new HushboxError('insecure_page')
  const audio: MediaTrackConstraints = {
    noiseSuppression: { ideal: false },
    echoCancellation: { ideal: false },
    autoGainControl: { ideal: false },
    channelCount: { ideal: 1 },
  }
  try {
    return describe(await devices.getUserMedia({ audio, video: false }))
  } catch (error) {
    throw new HushboxError(codeOf(error))
  }
}

export function closeMicrophone(microphone: Microphone): void {
  for (const track of microphone.stream.getTracks()) track.stop()
}

function describe(stream: MediaStream): Microphone {
  const track = stream.getAudioTracks()[0]
  if (track === undefined) throw new HushboxError('microphone_missing')
  const settings: MediaTrackSettings & { latency?: number } = track.getSettings()
  return {
    stream,
    track,
    label: track.label,
    leftOn: leftOn(settings),
    channels: settings.channelCount ?? null,
    latencyMs: settings.latency === undefined ? null : settings.latency * 1000,
  }
}

/** What the settings of a track say is still on. */
export function leftOn(settings: MediaTrackSettings): BrowserProcessing[] {
  return PROCESSING.filter((name) => settings[name] !== undefined && settings[name] !== false)
}

function codeOf(error: unknown): string {
  if (error instanceof HushboxError) return error.code
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'microphone_refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'microphone_missing'
  return 'microphone_busy'
}
