/** The client of a box, without React: `pair`, then `SessionClient`, then `LiveVoice` or `cleanFile`. */
export { cleanFile } from './clean-file'
export { totalDelayMs, type Delay } from './delay-meter'
export { HushboxError } from './errors'
export type { LiveEvents, LiveSnapshot } from './live-snapshot'
export { LiveVoice } from './live-voice'
export { pair, type Grant } from './pairing'
export { SessionClient, type StreamSummary } from './session-client'
export type { Truth } from './truth'
