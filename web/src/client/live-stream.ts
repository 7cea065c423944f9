import { DryDelayLine } from '../audio/dry-delay-line'
import { AnswerWindow } from './answer-window'
import { DelayMeter, type Delay } from './delay-meter'
import { KIND_AUDIO, readSequence, samplesOf, writeSequence, type AudioPacket } from './packet'
import type { StreamInfo } from './session-client'

/** What to do with a captured packet. */
export type Sending = 'send' | 'skip' | 'restart'

/** A clean packet and the original samples it was made of. */
export interface AlignedPair {
  wet: Int16Array
  dry: Int16Array
}

/** Unanswered audio is bounded: beyond this, packets are left out, and the box fills the gap with silence. */
const MOST_IN_FLIGHT_S = 0.9
/** The box fills gaps of up to one second (PROTOCOL.md, 4); after a longer one a new stream is needed. */
const LONGEST_GAP_S = 1

/**
 * The books of one stream: numbers what goes out, lines up what comes back with its original, counts what was lost.
 * Knows no socket and no audio device.
 */
export class LiveStream {
  readonly answers = new AnswerWindow()
  readonly delay = new DelayMeter()
  /** What the box has confirmed, in dB; null for no limit. */
  suppressionLimitDb: number | null
  /** Packets that were captured but not sent, because the connection stood still. */
  skippedPackets = 0
  /** Answers that carried original sound because the box was late. */
  lateAnswers = 0
  private readonly dryLine: DryDelayLine
  private readonly packetsPerSecond: number
  private firstSequence: number | null = null
  private lastSent = -1
  private nextAnswer = 0

  constructor(readonly info: StreamInfo) {
    this.suppressionLimitDb = info.suppression_limit_db
    this.packetsPerSecond = info.sample_rate_hz / info.packet_samples
    this.dryLine = new DryDelayLine(info.delay_samples, 3 * info.sample_rate_hz)
  }

  /** How much sound was taken in. */
  get seconds(): number {
    return (this.lastSent + 1) / this.packetsPerSecond
  }

  /** Numbers a captured packet from 0 and keeps its samples. Mutates: `packet`. */
  takeInput(packet: ArrayBuffer): Sending {
    this.firstSequence ??= readSequence(packet)
    const sequence = readSequence(packet) - this.firstSequence
    if (sequence - this.lastSent > LONGEST_GAP_S * this.packetsPerSecond) return 'restart'
    if (sequence - this.nextAnswer > MOST_IN_FLIGHT_S * this.packetsPerSecond) {
      this.skippedPackets += 1
      return 'skip'
    }
    writeSequence(packet, sequence)
    this.dryLine.write(sequence * this.info.packet_samples, samplesOf(packet))
    this.lastSent = sequence
    return 'send'
  }

  /** Pairs an answer with its original; null for one that was answered already. `nowMs` is the capture clock. */
  takeAnswer(packet: AudioPacket, nowMs: number, arrivedMs: number): AlignedPair | null {
    if (packet.sequence < this.nextAnswer) return null
    this.nextAnswer = packet.sequence + 1
    if (packet.kind === KIND_AUDIO) this.judge(packet, nowMs, arrivedMs)
    const position = packet.sequence * this.info.packet_samples
    return { wet: packet.samples, dry: this.dryLine.read(position, packet.samples.length) }
  }

  /** The delay from mouth to ear; null before the first answer. */
  delayWith(bufferMs: number, deviceMs: number): Delay | null {
    const { roundTripMs } = this.delay
    return roundTripMs === null ? null : { roundTripMs, modelMs: this.info.delay_ms, bufferMs, deviceMs }
  }

  private judge(packet: AudioPacket, nowMs: number, arrivedMs: number): void {
    if (packet.late) this.lateAnswers += 1
    this.answers.add(packet.late, arrivedMs)
    this.delay.update(packet.capturedMs, nowMs)
  }
}
