import { expect, test } from 'vitest'
import { Recorder } from '../../src/audio/recorder'

test('writes both tracks as WAV files of equal length', async () => {
  const recorder = new Recorder(16000)
  const packet = new Int16Array(320)
  for (let i = 0; i < 600; i++) {
    packet.fill(i)
    recorder.add(
      packet,
      packet.map((sample) => -sample),
    )
  }
  const { clean, original, seconds } = recorder.finish()
  expect(seconds).toBe(12)
  const view = new DataView(await clean.arrayBuffer())
  expect(new TextDecoder().decode(view.buffer.slice(0, 4))).toBe('RIFF')
  expect(view.getUint32(4, true)).toBe(clean.size - 8)
  expect(view.getUint32(24, true)).toBe(16000)
  expect(view.getUint32(40, true)).toBe(2 * 192000)
  expect(clean.size).toBe(44 + 2 * 192000)
  expect(view.getInt16(44 + 2 * 320 * 599, true)).toBe(599)
  expect(new DataView(await original.arrayBuffer()).getInt16(44 + 2 * 320 * 599, true)).toBe(-599)
})

test('takes no more than its limit', () => {
  const recorder = new Recorder(8000, 1)
  for (let i = 0; i < 100; i++) recorder.add(new Int16Array(160), new Int16Array(160))
  expect(recorder.full).toBe(true)
  expect(recorder.seconds).toBe(1)
})
