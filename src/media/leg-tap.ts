// A tap on one leg: what its phone says, hears or both goes out to an RTP peer of its own, and what comes back is heard by the phone on top of
// all else. The peer's side is a leg in no mix, which this tap drives instead of the tick.
import { AlignedFrames } from '../dsp/aligned-resampler.ts'
import { samplesPerFrame } from '../dsp/frame.ts'
import { Limiter } from '../dsp/limiter.ts'
import { addTo } from '../dsp/mix.ts'
import type { Leg } from './leg.ts'
import type { Heard, MixMember, MixRate } from './mix-member.ts'

export interface TapSettings {
  readonly line: Leg
  /** The rate of the leg that is tapped, which changes with its codec. */
  readonly rate: () => MixRate
  readonly listen: TapListening
  readonly speak: TapSpeaking
}

/** `in`: what the phone says; `out`: what it hears, without what comes from the tap itself. */
export type TapListening = 'in' | 'out' | 'both' | 'none'
/** `out`: to the phone. */
export type TapSpeaking = 'out' | 'none'

export class LegTap implements MixMember, Heard {
  readonly line: Leg
  readonly hears = 0
  readonly silent = false
  readonly reductionDb = 0
  readonly #settings: TapSettings
  readonly #limiter = new Limiter()
  /** What the phone said and heard in this tick, at the rate of its leg. */
  #sum = new Int32Array(0)
  #limited = new Int16Array(0)
  /** Towards the peer, and from it. */
  #outward: AlignedFrames | undefined
  #inward: AlignedFrames | undefined
  #out: Int16Array
  #in: Int16Array
  /** What the phone hears of the tap in this tick. */
  #own = new Int16Array(0)
  #speaking = false

  constructor(settings: TapSettings) {
    this.#settings = settings
    this.line = settings.line
    this.#out = new Int16Array(samplesPerFrame(this.line.rate))
    this.#in = new Int16Array(samplesPerFrame(this.line.rate))
    this.#tune(settings.rate())
  }

  get speaks(): MixRate | 0 {
    return this.#settings.speak === 'none' ? 0 : this.#settings.rate()
  }

  /** Of what the peer is sent. */
  get rate(): MixRate {
    return this.line.rate
  }

  pcm(): Int16Array {
    return this.#out
  }

  /** What comes from the peer, for the phone. */
  pull(out: Int16Array, now: number): boolean {
    this.#tune(this.#settings.rate())
    const audible = this.line.pull(this.#in, now)
    if (!audible) this.#in.fill(0)
    if (this.#inward) this.#inward.process(this.#in, this.#own)
    else this.#own.set(this.#in)
    this.#speaking = audible || this.#inward !== undefined
    if (this.#speaking) out.set(this.#own.subarray(0, out.length))
    return this.#speaking
  }

  push(): void {}

  /** What the phone says in this tick. In the tick in which a mix changes its rate it may last a little more or less. */
  fromPhone(frame: Int16Array): void {
    const { listen } = this.#settings
    if (listen !== 'in' && listen !== 'both') return
    const count = Math.min(frame.length, this.#sum.length)
    for (let index = 0; index < count; index += 1) this.#sum[index] = (this.#sum[index] ?? 0) + (frame[index] ?? 0)
  }

  /** Whether it wants what the phone hears. */
  get overhears(): boolean {
    return this.#settings.listen === 'out' || this.#settings.listen === 'both'
  }

  /** What the phone hears in this tick. */
  toPhone(frame: Int16Array): void {
    if (!this.overhears || frame.length !== this.#sum.length) return
    addTo(this.#sum, frame)
    if (!this.#speaking) return
    for (let index = 0; index < frame.length; index += 1)
      this.#sum[index] = (this.#sum[index] ?? 0) - (this.#own[index] ?? 0)
  }

  /** The tick is over: its frame goes out. */
  flush(): void {
    this.#limiter.process(this.#sum, this.#limited)
    if (this.#outward) this.#outward.process(this.#limited, this.#out)
    else this.#out.set(this.#limited)
    this.#sum.fill(0)
    this.#speaking = false
    this.line.push(this)
    this.#tune(this.#settings.rate())
  }

  /** Ticks that were never made up for. */
  skip(frames: number): void {
    this.line.skip(frames)
  }

  tend(now: number): void {
    this.line.tend(now)
  }

  #tune(rate: MixRate): void {
    const samples = samplesPerFrame(rate)
    if (this.#sum.length === samples) return
    const peer = this.line.rate
    this.#sum = new Int32Array(samples)
    this.#limited = new Int16Array(samples)
    this.#own = new Int16Array(samples)
    this.#outward = rate === peer ? undefined : new AlignedFrames(rate, peer)
    this.#inward = rate === peer ? undefined : new AlignedFrames(peer, rate)
  }
}
