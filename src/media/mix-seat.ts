// A member's place in a mix: its last frame, what that is at the mix's rate, and the way of its own voice to where it is taken out again.
import { AlignedFrames, alignedMs } from '../dsp/aligned-resampler.ts'
import { frameMs, samplesPerFrame } from '../dsp/frame.ts'
import { addTo, without } from '../dsp/mix.ts'
import type { MixMember, MixRate } from './mix-member.ts'
import type { Tuning } from './mix-tuning.ts'
import type { Ear } from './outlet.ts'
import { OwnMix } from './own-mix.ts'

/** What two conversions delay, milliseconds: into the mix's rate, and out of it. */
const doubleMs = 2 * alignedMs
const nothing = new Int16Array(0)

/** Where those are pulled into who have said nothing yet: what is there is silence, or becomes somebody's own at once. */
const common = [8000, 16_000, 48_000].map((rate) => new Int16Array(samplesPerFrame(rate)))

export class Seat {
  readonly member: MixMember
  readonly speaks: MixRate | 0
  readonly hears: MixMember['hears']
  readonly gain: number
  /** What it says, 20 ms at the mix's rate, while `contributes`. */
  contribution: Int16Array = nothing
  contributes = false
  ear: Ear | undefined
  /** Whom it hears alone. */
  follows: Seat | undefined
  #tuning: Tuning
  /** 20 ms as pulled. It has none of its own until something is said, and after a rest. */
  #raw: Int16Array = nothing
  #rawAudible = false
  /** The filter still rings. */
  #rings = false
  #input: AlignedFrames | undefined
  #output: AlignedFrames | undefined
  /** Its voice, or that of whom it follows, as it comes out at the rate it hears. */
  #part: Int16Array = nothing
  #own: OwnMix | undefined
  #sharing = true

  constructor(member: MixMember, tuning: Tuning) {
    this.member = member
    this.speaks = member.speaks
    this.hears = member.hears
    this.gain = member.gain ?? 1
    this.#tuning = tuning
    this.#prepare()
  }

  /** The rate at which it hears in a mix of that rate. */
  earRate(rate: MixRate): MixRate | 0 {
    return this.hears === 'mix' ? rate : this.hears
  }

  listen(ear: Ear | undefined): void {
    if (ear?.outlet === this.ear?.outlet && ear?.shared === this.ear?.shared) return
    const rate = this.ear?.outlet.rate
    this.ear = ear
    if (!ear || rate === ear.outlet.rate) return
    this.#own = undefined
    this.#prepare()
  }

  /** It said nothing, and nothing of what it said before is on its way. */
  get still(): boolean {
    return !this.contributes && !this.#rawAudible && !this.#rings
  }

  pull(now: number): boolean {
    if (this.speaks === 0) return false
    const frame = this.#raw === nothing ? commonAt(this.speaks) : this.#raw
    const audible = this.member.pull(frame, now)
    this.#rawAudible = audible
    if (audible && this.#raw === nothing) this.#raw = frame.slice()
    if (!this.#input) {
      this.contribution = this.#raw
      this.contributes = audible
      return audible
    }
    this.contributes = audible || this.#rings
    if (!this.contributes) return false
    if (!audible) frame.fill(0)
    this.#input.process(frame, this.contribution)
    this.#rings = audible
    return true
  }

  /** It is left to itself, and needs no storage meanwhile. */
  rest(): void {
    if (!this.#input) this.contribution = nothing
    if (!this.#output) this.#part = nothing
    this.#raw = nothing
  }

  /**
   * Pulls in the tick in which the mix changes its tuning, so much that everything goes on exactly where it was, and returns what it says at
   * the new rate: 20 ms, or with the 6 ms before them when what follows is resampled again.
   */
  retune(tuning: Tuning, now: number): Int16Array {
    const before = this.#tuning
    this.#tuning = tuning
    this.contributes = false
    if (this.speaks === 0) {
      this.#prepare()
      return nothing
    }
    const line = this.#pullLine(before.mixed === tuning.mixed ? 0 : tuning.mixed ? doubleMs : -doubleMs, now)
    this.#prepare()
    if (!this.#input) {
      this.contribution = this.#raw
      return this.#raw
    }
    const lead = this.#convert(line)
    this.contribution.set(lead.subarray(lead.length - this.contribution.length))
    return lead
  }

  /** The same as `takePart` in a tick that changes to a resampled mix; `lead` is the 26 ms of whom it takes. */
  takeLead(lead: Int16Array): void {
    const earRate = this.ear?.outlet.rate
    if (!this.#output || earRate === undefined || lead.length === 0) return
    const { rate } = this.#tuning
    const extra = lead.length - samplesPerFrame(rate)
    this.#output.process(lead.subarray(0, extra), new Int16Array((extra * earRate) / rate))
    this.#output.process(lead.subarray(extra), this.#part)
  }

  /** What its own voice, or that of whom it follows, is at the rate it hears; to be called once a tick for who contributes. */
  takePart(): void {
    const source = this.follows ?? this
    if (!this.ear || !source.contributes) return
    if (this.#output) this.#output.process(source.contribution, this.#part)
    else this.#part = source.contribution
  }

  /** Everyone but itself. */
  hearOthers(): void {
    const { ear } = this
    if (!ear) return
    const own = this.#ownMix(ear)
    // Its limiter goes on where that of the frame is that it shared until now.
    if (this.#sharing) own.limiter.follow(ear.shared.limiter)
    this.#sharing = false
    without(ear.outlet.sum, this.#part, ear.outlet.scratch.sum)
    own.begin(this.gain)
    this.member.push(own)
  }

  /** Whom it follows, alone. */
  hearFollowed(): void {
    const { ear } = this
    if (!ear) return
    if (!this.follows?.contributes) {
      this.member.push(ear.outlet.silence)
      return
    }
    const own = this.#ownMix(ear)
    ear.outlet.scratch.sum.fill(0)
    addTo(ear.outlet.scratch.sum, this.#part)
    own.begin(this.gain)
    this.member.push(own)
  }

  /** What all hear who said nothing. */
  hearShared(): void {
    this.#sharing = true
    if (this.ear) this.member.push(this.ear.shared)
  }

  #ownMix(ear: Ear): OwnMix {
    this.#own ??= new OwnMix(ear.outlet.scratch)
    return this.#own
  }

  /** Converters for the present tuning, without history. */
  #prepare(): void {
    const { rate, mixed } = this.#tuning
    const earRate = this.ear?.outlet.rate
    this.#rings = false
    this.#input = mixed && this.speaks !== 0 ? new AlignedFrames(this.speaks, rate) : undefined
    this.#output = mixed && earRate !== undefined ? new AlignedFrames(rate, earRate) : undefined
    this.contribution = this.#input ? new Int16Array(samplesPerFrame(rate)) : nothing
    this.#part = this.#output && earRate !== undefined ? new Int16Array(samplesPerFrame(earRate)) : nothing
  }

  /** The last frame, and as much as is due and `moreMs`. */
  #pullLine(moreMs: number, now: number): Int16Array {
    const frame = samplesPerFrame(this.speaks)
    if (this.#raw === nothing) this.#raw = new Int16Array(frame)
    const length = (frame * (frameMs + moreMs)) / frameMs
    const line = new Int16Array(frame + length)
    if (this.#rawAudible) line.set(this.#raw)
    const pulled = line.subarray(frame)
    const audible = this.member.pull(pulled, now)
    if (!audible) pulled.fill(0)
    this.contributes = audible || this.#rawAudible
    this.#raw.set(line.subarray(line.length - frame))
    this.#rawAudible = this.contributes
    return line
  }

  /** The last 26 ms of a line at the mix's rate. */
  #convert(line: Int16Array): Int16Array {
    const { rate } = this.#tuning
    const scale = this.speaks === 0 ? 0 : rate / this.speaks
    const converted = new Int16Array(line.length * scale)
    const frame = this.#raw.length
    for (let at = 0; at < line.length; at += frame) {
      const end = Math.min(line.length, at + frame)
      this.#input?.process(line.subarray(at, end), converted.subarray(at * scale, end * scale))
    }
    this.#rings = this.contributes
    return converted.subarray(converted.length - (rate * (frameMs + doubleMs)) / 1000)
  }
}

function commonAt(rate: number): Int16Array {
  return common[rate === 8000 ? 0 : rate === 16_000 ? 1 : 2] ?? nothing
}
