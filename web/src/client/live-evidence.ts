import type { Hearing } from '../audio/playback-node'
import { NO_ANSWERS } from './answer-window'
import type { AudioDevices } from './audio-devices'
import type { AudioLane } from './audio-lane'
import type { Evidence } from './truth'
import type { VoiceLine } from './voice-line'

export interface LiveParts {
  lane: AudioLane
  devices: AudioDevices | null
  line: VoiceLine | null
  wanted: boolean
  hearing: Hearing
}

/** What there is to see of a live voice at this moment. */
export function evidenceOf({ lane, devices, line, wanted, hearing }: LiveParts): Evidence {
  const stream = line?.stream ?? null
  return {
    wanted,
    connected: lane.connected,
    running: devices?.running ?? true,
    muted: devices?.microphone.track.muted ?? false,
    streaming: stream !== null && line?.held === false,
    hearing,
    suppressionLimitDb: stream?.suppressionLimitDb ?? null,
    answers: stream?.answers.recent(performance.now()) ?? NO_ANSWERS,
    roundTripMs: stream?.delay.roundTripMs ?? null,
  }
}
