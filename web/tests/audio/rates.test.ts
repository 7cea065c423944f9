import { afterEach, expect, test, vi } from 'vitest'
import { openAudioContext, packetSamples, startSound, SUPPORTED_RATES_HZ } from '../../src/audio/rates'

afterEach(() => {
  vi.unstubAllGlobals()
})

function stubDevice(rateHz: number): { closed: number } {
  const seen = { closed: 0 }
  class Context {
    readonly sampleRate: number
    constructor(options: { sampleRate?: number }) {
      this.sampleRate = options.sampleRate ?? rateHz
    }
    close(): Promise<void> {
      seen.closed += 1
      return Promise.resolve()
    }
  }
  vi.stubGlobal('AudioContext', Context)
  return seen
}

test.each(SUPPORTED_RATES_HZ)('keeps a device rate of %d Hz', async (rateHz) => {
  const seen = stubDevice(rateHz)
  expect((await openAudioContext()).sampleRate).toBe(rateHz)
  expect(seen.closed).toBe(0)
})

test('asks for 48 kHz where a box would refuse the rate of the device, and leaves no context open', async () => {
  const seen = stubDevice(96000)
  expect((await openAudioContext()).sampleRate).toBe(48000)
  expect(seen.closed).toBe(1)
})

test('packets of 20 ms are whole samples at every rate', () => {
  expect(SUPPORTED_RATES_HZ.map(packetSamples)).toEqual([160, 320, 480, 640, 882, 960])
})

test('a sound that never begins is an error, not a wait', async () => {
  vi.useFakeTimers()
  const stuck = { resume: () => new Promise<void>(() => undefined) } as unknown as AudioContext
  const outcome = expect(startSound(stuck)).rejects.toMatchObject({ code: 'sound_output_missing' })
  await vi.advanceTimersByTimeAsync(6000)
  await outcome
  vi.useRealTimers()
  await startSound({ resume: () => Promise.resolve() } as unknown as AudioContext)
})
