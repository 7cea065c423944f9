import { DryDelayLine } from '../audio/dry-delay-line'
import { AnswerWindow } from './answer-window'
import type { StreamInfo } from './audio-lane'
import { DelayMeter } from './delay-meter'
import { KIND_AUDIO, KIND_SILENCE, readSequence, samplesOf, writeSequence, type AudioPacket } from './packet'

/** What to do with a captured packet. */
export type Sending = 'send' | 'skip' | 'restart'

/** Clean samples and the original ones they were made of. */
export interface AlignedPair {
  wet: Int16Array
  dry: Int16Array
  /** The clean samples were lost with a connection; silence stands for them. */
  filled: boolean
}

/** Unanswered audio is bounded: beyond this, packets are left out, and the box fills the gap with silence. */
const MOST_IN_FLIGHT_S = 0.9
/** The box fills gaps of up to one second (PROTOCOL.md, 4); after a longer one a new stream is needed. */
const LONGEST_GAP_S = 1
const HISTORY_S = 3

/**
 * The books of one stream: numbers what goes out, lines up what comes back with its original, counts what was lost.
 * Knows no socket and no audio device.
 */
export class LiveStream {
  answers = new AnswerWindow()
  readonly delay = new DelayMeter()
  /** What the box has confirmed, in dB; null for no limit. */
  suppressionLimitDb: number | null
  /** Packets that were captured but not sent, because the connection stood still or was away. */
  skippedPackets = 0
  /** Answers that carried original sound because the box was late. */
  lateAnswers = 0
  /** The number of the first answer that is missing. */
  nextAnswer = 0
  private readonly dryLine: DryDelayLine
  private readonly packetsPerSecond: number
  private firstSequence: number | null = null
  private lastSent = -1
  private lastTaken = -1
  /** Just resumed: the next packet may follow after any gap, and nothing before it is in flight. */
  private justResumed = false
  private inFlightFrom = 0
  /** The packets of the last break, which were never sent: the first, and the one after the last. */
  private heldFrom = 0
  private heldUntil = 0

  constructor(readonly info: StreamInfo) {
    this.suppressionLimitDb = info.suppression_limit_db
    this.packetsPerSecond = info.sample_rate_hz / info.packet_samples
    const historyS = HISTORY_S + (info.resume?.grace_s ?? 0)
    this.dryLine = new DryDelayLine(info.delay_samples, Math.ceil(historyS * info.sample_rate_hz))
  }

  /** How much sound was taken in. */
  get seconds(): number {
    return (this.lastTaken + 1) / this.packetsPerSecond
  }

  /** Numbers a captured packet from 0 and keeps its samples. Mutates: `packet`. */
  takeInput(packet: ArrayBuffer): Sending {
    const sequence = this.numberOf(packet)
    const gap = sequence - this.lastSent
    if (!this.justResumed && gap > LONGEST_GAP_S * this.packetsPerSecond) return 'restart'
    if (this.justResumed) this.inFlightFrom = sequence
    if (sequence - Math.max(this.nextAnswer, this.inFlightFrom) > MOST_IN_FLIGHT_S * this.packetsPerSecond) {
      this.skippedPackets += 1
      return 'skip'
    }
    this.justResumed = false
    writeSequence(packet, sequence)
    this.keep(sequence, packet)
    this.lastSent = sequence
    return 'send'
  }

  /** Keeps the samples of a packet that cannot be sent, because the connection is away. */
  hold(packet: ArrayBuffer): void {
    const sequence = this.numberOf(packet)
    if (sequence !== this.heldUntil) this.heldFrom = sequence
    this.heldUntil = sequence + 1
    this.keep(sequence, packet)
    this.skippedPackets += 1
  }

  /** The stream goes on, on another connection. */
  resume(): void {
    this.justResumed = true
    this.answers = new AnswerWindow()
  }

  /** Pairs an answer with its original; null for one that was answered already. `nowMs` is the capture clock. */
  takeAnswer(packet: AudioPacket, nowMs: number, arrivedMs: number): AlignedPair | null {
    const from = Math.max(packet.sequence, this.nextAnswer)
    // Silence stands for what was captured, and for no more.
    const most = packet.kind === KIND_SILENCE ? this.lastTaken + 1 : Infinity
    const packets = Math.min(packet.sequence + packet.packets, most) - from
    if (packets <= 0) return null
    this.nextAnswer = from + packets
    if (packet.kind === KIND_SILENCE) return this.silenceFor(from, packets)
    if (packet.kind === KIND_AUDIO) this.judge(packet, nowMs, arrivedMs)
    const dry = this.dryLine.read(from * this.info.packet_samples, packet.samples.length)
    // Short breaks are filled packet by packet.
    return { wet: packet.samples, dry, filled: from >= this.heldFrom && from < this.heldUntil }
  }

  private silenceFor(from: number, packets: number): AlignedPair {
    const samples = packets * this.info.packet_samples
    const dry = this.dryLine.read(from * this.info.packet_samples, samples)
    return { wet: new Int16Array(samples), dry, filled: true }
  }

  private numberOf(packet: ArrayBuffer): number {
    this.firstSequence ??= readSequence(packet)
    return readSequence(packet) - this.firstSequence
  }

  private keep(sequence: number, packet: ArrayBuffer): void {
    this.dryLine.write(sequence * this.info.packet_samples, samplesOf(packet))
    this.lastTaken = sequence
  }

  private judge(packet: AudioPacket, nowMs: number, arrivedMs: number): void {
    if (packet.late) this.lateAnswers += 1
    this.answers.add(packet.late, arrivedMs)
    this.delay.update(packet.capturedMs, nowMs)
  }
}
