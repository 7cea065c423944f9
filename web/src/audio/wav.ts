const HEADER_BYTES = 44

/** The 44-byte header of a 16-bit WAV file of `samples` samples in each of `channels`. Source: Microsoft RIFF WAVE, PCM format. */
export function wavHeader(samples: number, rateHz: number, channels: number): ArrayBuffer {
  const frameBytes = 2 * channels
  const dataBytes = frameBytes * samples
  const view = new DataView(new ArrayBuffer(HEADER_BYTES))
  writeText(view, 0, 'RIFF')
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true)
  writeText(view, 8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, rateHz, true)
  view.setUint32(28, frameBytes * rateHz, true)
  view.setUint16(32, frameBytes, true)
  view.setUint16(34, 16, true)
  writeText(view, 36, 'data')
  view.setUint32(40, dataBytes, true)
  return view.buffer
}

function writeText(view: DataView<ArrayBuffer>, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) view.setUint8(offset + i, text.charCodeAt(i))
}
