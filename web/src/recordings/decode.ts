import { toInt16 } from '../audio/pcm'

/** What a sound file holds, mixed to one channel at `rateHz`. Rejects where the browser cannot read the format. */
export async function decodeMono(file: Blob, rateHz: number): Promise<Int16Array> {
  const context = new OfflineAudioContext(1, 1, rateHz)
  const decoded = await context.decodeAudioData(await file.arrayBuffer())
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, index) =>
    decoded.getChannelData(index),
  )
  return Int16Array.from({ length: decoded.length }, (_, sample) =>
    toInt16(channels.reduce((sum, channel) => sum + (channel[sample] ?? 0), 0) / channels.length),
  )
}
