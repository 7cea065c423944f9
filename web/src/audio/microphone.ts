import { HushboxError } from '../client/errors'

/** Processing that a browser applies by itself; Hushbox asks for none of it. */
export type BrowserProcessing = 'noiseSuppression' | 'echoCancellation' | 'autoGainControl'

const PROCESSING: readonly BrowserProcessing[] = ['noiseSuppression', 'echoCancellation', 'autoGainControl']

/** An open microphone and what the browser really does to it. */
export interface Microphone {
  stream: MediaStream
  track: MediaStreamTrack
  label: string
  deviceId: string | null
  /** What the browser left on although it was asked not to. */
  leftOn: BrowserProcessing[]
  /** Channels of the device; more than one are mixed to mono. Null where the browser does not say. */
  channels: number | null
  /** Delay of the device in ms; null where the browser does not say. */
  latencyMs: number | null
}

/** A microphone that may be chosen. */
export interface MicrophoneChoice {
  deviceId: string
  label: string
}

/**
 * Opens the microphone with the browser's own processing requested off; null for the one that the system prefers.
 * Raises HushboxError: insecure_page, microphone_refused, microphone_missing, microphone_busy.
 */
export async function openMicrophone(deviceId: string | null): Promise<Microphone> {
  const audio: MediaTrackConstraints = {
    noiseSuppression: { ideal: false },
    echoCancellation: { ideal: false },
    autoGainControl: { ideal: false },
    ...(deviceId === null ? {} : { deviceId: { exact: deviceId } }),
  }
  try {
    return describeMicrophone(await mediaDevices().getUserMedia({ audio, video: false }))
  } catch (error) {
    throw new HushboxError(codeOf(error))
  }
}

/** The microphones of this device; their names are empty until one was allowed. */
export async function listMicrophones(): Promise<MicrophoneChoice[]> {
  const devices = await mediaDevices().enumerateDevices()
  return devices
    .filter(
      ({ kind, deviceId }) => kind === 'audioinput' && !['', 'default', 'communications'].includes(deviceId),
    )
    .map(({ deviceId, label }) => ({ deviceId, label }))
}

/** Calls `listener` whenever one was plugged in or out; returns the function that stops it. */
export function onMicrophonesChanged(listener: () => void): () => void {
  const devices = navigator.mediaDevices as MediaDevices | undefined
  devices?.addEventListener('devicechange', listener)
  return () => devices?.removeEventListener('devicechange', listener)
}

export function closeMicrophone(microphone: Microphone): void {
  for (const track of microphone.stream.getTracks()) track.stop()
}

/** What is known about a stream's first audio track. Raises HushboxError: microphone_missing, also where it has ended. */
export function describeMicrophone(stream: MediaStream): Microphone {
  const track = stream.getAudioTracks()[0]
  if (track === undefined || track.readyState === 'ended') throw new HushboxError('microphone_missing')
  const settings: MediaTrackSettings & { latency?: number } = track.getSettings()
  return {
    stream,
    track,
    label: track.label,
    deviceId: settings.deviceId ?? null,
    leftOn: leftOn(settings),
    channels: settings.channelCount ?? null,
    latencyMs: settings.latency === undefined ? null : settings.latency * 1000,
  }
}

/** What the settings of a track say is still on. */
export function leftOn(settings: MediaTrackSettings): BrowserProcessing[] {
  return PROCESSING.filter((name) => settings[name] !== undefined && settings[name] !== false)
}

function mediaDevices(): MediaDevices {
  // Typed as always there, but absent where the page did not come over HTTPS or from localhost.
  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (devices === undefined) throw new HushboxError('insecure_page')
  return devices
}

function codeOf(error: unknown): string {
  if (error instanceof HushboxError) return error.code
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'microphone_refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'microphone_missing'
  return 'microphone_busy'
}
