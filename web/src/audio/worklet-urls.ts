import captureUrl from './worklets/capture.worklet.ts?worker&url'
import playbackUrl from './worklets/playback.worklet.ts?worker&url'

/** Where the two AudioWorklet modules lie; a page with its own build passes its own. */
export interface WorkletUrls {
  capture: string
  playback: string
}

export const workletUrls: WorkletUrls = { capture: captureUrl, playback: playbackUrl }
