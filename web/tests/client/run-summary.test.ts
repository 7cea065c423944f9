import { expect, test } from 'vitest'
import { LiveStream } from '../../src/client/live-stream'
import { NO_RUN, withBreak, withStream } from '../../src/client/run-summary'
import type { StreamInfo, StreamSummary } from '../../src/client/audio-lane'

const INFO: StreamInfo = {
  stream_id: 's',
  sample_rate_hz: 48000,
  packet_samples: 960,
  delay_samples: 1536,
  delay_ms: 32,
  suppression_limit_db: null,
  model: 'm',
  limits: { max_backlog_packets: 50, deadline_ms: 40 },
}

const COUNTED: StreamSummary = {
  packets_in: 500,
  packets_out: 502,
  samples_in: 480_000,
  samples_out: 480_000,
  lost_packets: 0,
  late_frames: 0,
  dropped_packets: 0,
  unsent_packets: 0,
  latency_ms_p50: 5,
  latency_ms_p99: 9,
}

test('a stream that lost nothing adds its length and nothing else', () => {
  expect(withStream(NO_RUN, COUNTED, INFO)).toEqual({ ...NO_RUN, seconds: 10 })
})

test('lost, dropped and unsent packets and late frames are told as times', () => {
  const missing = { lost_packets: 2, dropped_packets: 2, unsent_packets: 1 }
  const run = withStream(NO_RUN, { ...COUNTED, ...missing, late_frames: 10 }, INFO)
  expect(run.lostSeconds).toBeCloseTo(0.1)
  expect(run.lateSeconds).toBeCloseTo(0.16)
})

test('a run goes on over a break, which is counted', () => {
  const stream = new LiveStream(INFO)
  stream.takeInput(new ArrayBuffer(12 + 2 * INFO.packet_samples))
  const run = withBreak(withBreak(NO_RUN, stream, null), stream, COUNTED)
  expect(run.seconds).toBeCloseTo(10.02)
  expect(run.interruptions).toBe(2)
})
