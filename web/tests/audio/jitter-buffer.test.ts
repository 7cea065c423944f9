import { expect, test } from 'vitest'
import { JitterBuffer, type JitterBufferStats } from '../../src/audio/jitter-buffer'

const RATE_HZ = 48000
const PACKET = 960
const QUANTUM = 128

/** Pushes and pulls by a script of arrivals: how many packets arrive before each quantum. */
class Player {
  readonly buffer = new JitterBuffer(RATE_HZ)
  readonly wet: number[] = []
  readonly dry: number[] = []
  private pushed = 0

  push(): void {
    const wet = Int16Array.from({ length: PACKET }, (_, i) => 1 + ((this.pushed + i) % 30000))
    const dry = wet.map((sample) => -sample)
    this.pushed += PACKET
    this.buffer.push(wet, dry)
  }

  pull(): void {
    const wet = new Float32Array(QUANTUM)
    const dry = new Float32Array(QUANTUM)
    this.buffer.pull(wet, dry)
    this.wet.push(...wet.map((sample) => sample * 32768))
    this.dry.push(...dry.map((sample) => sample * 32768))
  }

  /** Plays `seconds` with a packet every 20 ms. */
  steady(seconds: number): void {
    for (let played = 0; played < seconds * RATE_HZ; played += QUANTUM) {
      if (Math.floor((played + QUANTUM) / PACKET) > Math.floor(played / PACKET)) this.push()
      this.pull()
    }
  }

  get stats(): JitterBufferStats {
    const stats = { depthSamples: 0, waitSamples: 0, targetSamples: 0, underruns: 0, trimmedSamples: 0 }
    this.buffer.report(stats)
    return stats
  }
}

test('is silent until its target of 60 ms is there, then plays every sample once', () => {
  const player = new Player()
  player.push()
  player.push()
  player.pull()
  expect(player.wet.every((sample) => sample === 0)).toBe(true)
  player.push()
  for (let i = 0; i < 22; i++) player.pull()
  const [silent, fading, playing] = [0, QUANTUM, 2 * QUANTUM]
  expect(player.wet.slice(silent, fading).every((sample) => sample === 0)).toBe(true)
  expect(player.wet.slice(playing)).toEqual(Array.from({ length: 21 * QUANTUM }, (_, i) => i + 1 + QUANTUM))
})

test('keeps clean and original in step', () => {
  const player = new Player()
  for (let i = 0; i < 3; i++) player.push()
  player.steady(1)
  expect(player.dry).toEqual(player.wet.map((sample) => -sample + 0))
})

test('counts an underrun once, fades out, and waits for a larger target', () => {
  const player = new Player()
  for (let i = 0; i < 3; i++) player.push()
  for (let i = 0; i < 40; i++) player.pull()
  expect(player.stats.underruns).toBe(1)
  expect(player.stats.targetSamples).toBe((80 * RATE_HZ) / 1000)
  expect(player.wet.at(-1)).toBe(0)
})

test('lets a lasting surplus go within seconds', () => {
  const player = new Player()
  for (let i = 0; i < 10; i++) player.push()
  player.steady(9)
  const { depthSamples, trimmedSamples, underruns } = player.stats
  expect(trimmedSamples).toBeGreaterThan((140 * RATE_HZ) / 1000)
  expect(depthSamples).toBeLessThan((50 * RATE_HZ) / 1000)
  expect(underruns).toBe(0)
})

test('lets what came while the audio thread stood still go within a second', () => {
  const player = new Player()
  for (let i = 0; i < 3; i++) player.push()
  player.steady(2)
  for (let i = 0; i < 25; i++) player.push()
  player.steady(1.1)
  const { depthSamples, targetSamples, underruns } = player.stats
  expect(depthSamples).toBeLessThan(targetSamples + 2 * PACKET)
  expect(underruns).toBe(0)
})

test('keeps a reserve that is used up now and then', () => {
  const player = new Player()
  // Every 400 ms a burst of as much as is played until the next.
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 20; i++) player.push()
    for (let i = 0; i < 150; i++) player.pull()
  }
  expect(player.stats.trimmedSamples).toBe(0)
  expect(player.stats.underruns).toBe(0)
})

test('says how long a packet waits before its first sample is played', () => {
  const player = new Player()
  for (let i = 0; i < 3; i++) player.push()
  player.steady(3)
  // 60 ms were there at the start, and each packet comes after 20 ms more were played.
  expect(player.stats.waitSamples).toBeGreaterThan((38 * RATE_HZ) / 1000)
  expect(player.stats.waitSamples).toBeLessThan((44 * RATE_HZ) / 1000)
})

test('never holds more than two seconds', () => {
  const player = new Player()
  for (let i = 0; i < 200; i++) player.push()
  expect(player.stats.depthSamples).toBeLessThanOrEqual(2 * RATE_HZ)
})
