import { Emitter } from '../client/emitter'
import { gainBetween, KWeightedPower } from '../audio/loudness'
import { lengthOf, sideOf, toStereoWav, type Side, type Sound } from './sound'

const SWITCH_S = 0.015
const BLOCK_S = 0.4
/** So much of a sound is enough to tell how loud it is. */
const MATCHED_S = 120

export interface TwinPlayerEvents {
  /** Playing, paused, another side: something to draw. */
  change: undefined
}

/**
 * Plays a sound and lets one of its two sides be heard; both come out of one stereo track, so a switch shifts nothing.
 * The original is made as loud as the clean side, so that not the louder one wins.
 */
export class TwinPlayer extends Emitter<TwinPlayerEvents> {
  readonly media = new Audio()
  side: Side = 'clean'
  private readonly context: AudioContext
  private readonly gains: Record<Side, GainNode>
  private readonly url: string
  private readonly originalGain: number

  constructor(sound: Sound) {
    super()
    this.url = URL.createObjectURL(toStereoWav(sound))
    this.media.src = this.url
    this.originalGain = matchingGain(sound)
    this.context = new AudioContext()
    const splitter = new ChannelSplitterNode(this.context, { numberOfOutputs: 2 })
    this.context.createMediaElementSource(this.media).connect(splitter)
    this.gains = {
      clean: new GainNode(this.context, { gain: 1 }),
      original: new GainNode(this.context, { gain: 0 }),
    }
    splitter.connect(this.gains.clean, 0).connect(this.context.destination)
    splitter.connect(this.gains.original, 1).connect(this.context.destination)
    for (const name of ['play', 'pause', 'timeupdate', 'seeked', 'loadedmetadata'])
      this.media.addEventListener(name, () => this.emit('change', undefined))
  }

  get playing(): boolean {
    return !this.media.paused
  }

  get seconds(): number {
    return this.media.currentTime
  }

  toggle(): void {
    void this.context.resume()
    if (this.playing) this.media.pause()
    else void this.media.play().catch(() => undefined)
  }

  seek(seconds: number): void {
    this.media.currentTime = seconds
  }

  hear(side: Side): void {
    this.side = side
    const now = this.context.currentTime
    const wanted = { clean: side === 'clean' ? 1 : 0, original: side === 'original' ? this.originalGain : 0 }
    for (const name of ['clean', 'original'] as const)
      this.gains[name].gain.setTargetAtTime(wanted[name], now, SWITCH_S / 3)
    this.emit('change', undefined)
  }

  close(): void {
    this.media.pause()
    this.media.removeAttribute('src')
    URL.revokeObjectURL(this.url)
    void this.context.close()
  }
}

/** The factor that makes the original as loud as the clean side. */
export function matchingGain(sound: Sound): number {
  const whole = { from: 0, to: Math.min(lengthOf(sound), MATCHED_S * sound.rateHz) }
  const powers = (side: Side) => powersOf(sideOf(sound, side, whole), sound.rateHz)
  return gainBetween(powers('original'), powers('clean'))
}

function powersOf(samples: Int16Array, rateHz: number): number[] {
  const meter = new KWeightedPower(rateHz)
  const block = Math.round(BLOCK_S * rateHz)
  const powers: number[] = []
  for (let start = 0; start < samples.length; start += block)
    powers.push(meter.update(samples.subarray(start, start + block)))
  return powers
}
