import { describe, expect, test, vi } from 'vitest'
import { allocateRing, NOTHING, RingReader, RingWriter } from '../../src/audio/shared-ring'

function ring(records: number, words: number) {
  const memory = allocateRing(records, words)
  return { writer: new RingWriter(memory), reader: new RingReader(memory), memory }
}

function numbers(from: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, i) => from + i)
}

describe('a ring in shared memory', () => {
  test('gives every record once, whole and in order, over many laps', () => {
    const { writer, reader } = ring(4, 5)
    const into = new Int16Array(5)
    for (let lap = 0; lap < 1000; lap++) {
      expect(writer.write(numbers(lap, 5))).toBe(true)
      expect(writer.write(numbers(-lap, 3))).toBe(true)
      expect(reader.next()).toBe(5)
      reader.read(into)
      expect([...into]).toEqual([...numbers(lap, 5)])
      expect(reader.next()).toBe(3)
      reader.read(into)
      expect([...into.subarray(0, 3)]).toEqual([...numbers(-lap, 3)])
      expect(reader.next()).toBe(NOTHING)
    }
  })

  test('goes on where its counters run over', () => {
    const { memory } = ring(4, 5)
    const counters = new Int32Array(memory, 0, 3)
    const late = 2 ** 31 - 4
    counters.fill(late, 0, 2)
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)]
    Object.assign(writer, { written: late })
    Object.assign(reader, { position: late })
    const into = new Int16Array(5)
    for (let lap = 0; lap < 3; lap++) {
      expect(writer.write(numbers(7 * lap, 5))).toBe(true)
      expect(reader.next()).toBe(5)
      reader.read(into)
      expect([...into]).toEqual([...numbers(7 * lap, 5)])
    }
    expect(counters[0]).toBeLessThan(0)
  })

  test('writes a record whole or not at all', () => {
    const { writer, reader } = ring(2, 7)
    expect(writer.write(numbers(0, 7))).toBe(true)
    expect(writer.write(numbers(7, 7))).toBe(true)
    expect(writer.hasRoom(0)).toBe(false)
    expect(writer.write(numbers(14, 1))).toBe(false)
    const into = new Int16Array(7)
    reader.read(into)
    expect(into[0]).toBe(0)
    expect(writer.hasRoom(7)).toBe(true)
    reader.read(into)
    expect(into[0]).toBe(7)
    expect(reader.next()).toBe(NOTHING)
  })

  test('takes two arrays in, and gives two out', () => {
    const { writer, reader } = ring(4, 6)
    writer.write(numbers(1, 3), numbers(100, 3))
    const [first, second] = [new Int16Array(4), new Int16Array(4)]
    reader.read(first, second)
    expect([...first]).toEqual([1, 2, 3, 0])
    expect([...second]).toEqual([100, 101, 102, 0])
  })

  test('lets go of what is stale, and of that only', () => {
    const { writer, reader } = ring(2, 7)
    expect(reader.dropStale()).toBe(false)
    writer.write(numbers(0, 7))
    writer.markStale()
    expect(reader.dropStale()).toBe(true)
    expect(reader.next()).toBe(NOTHING)
    writer.write(numbers(50, 7))
    expect(reader.dropStale()).toBe(false)
    expect(reader.next()).toBe(7)
  })

  test('wakes the reader that waits for a record, or for nothing', async () => {
    const { writer, reader } = ring(2, 7)
    const heard = vi.fn()
    const first = reader.arrival().then(heard)
    await Promise.resolve()
    expect(heard).not.toHaveBeenCalled()
    writer.write(numbers(0, 7))
    await first
    expect(heard).toHaveBeenCalledTimes(1)
    // What is there already is not waited for.
    await reader.arrival()
    reader.read(new Int16Array(7))
    const second = reader.arrival()
    writer.wake()
    await second
  })
})
