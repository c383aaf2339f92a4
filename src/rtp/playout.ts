// Turns the packets of a jitter buffer into one frame per tick: when to begin, what to do about gaps, and how much delay to keep.
// An input is primed before it is consumed and primed again after an underrun, so that the phase between sender and tick makes no holes.
import { distance32 } from '../base/serial.ts'
import type { SilentOctets } from '../dsp/silent-octets.ts'
import { bestLag, compress, expand, type LagSearch, type Stretch } from '../dsp/time-stretch.ts'
import { type Adjustment, DelayControl, maxTarget } from './delay-control.ts'
import { type EncodedPayload, JitterBuffer } from './jitter-buffer.ts'
import type { PacketView } from './packet.ts'
import type { SilentRun } from './silent-run.ts'
import { type BufferedPacket, SpareSlots, type Taken } from './spare-slots.ts'

/** What the playout needs of a decoder; PCM is 16-bit at the decoder's rate. */
export interface PlayoutDecoder {
  readonly sampleRate: number
  /** How long a payload lasts; 0 when it is none. */
  samplesIn(payload: EncodedPayload): number
  /** Payloads of nothing but silence, whatever came before them; absent when they cannot be told. */
  readonly silence?: SilentOctets
  /** Decodes into `pcm` from `at` on and returns the number of samples. */
  decode(payload: EncodedPayload, pcm: Int16Array, at: number): number
  /** Makes up audio for what is missing. */
  conceal(pcm: Int16Array, at: number, count: number): void
  /** Writes what was just before `next` from what `next` says of it; false when it says nothing. */
  recover(next: EncodedPayload, pcm: Int16Array, at: number, count: number): boolean
  /** Blends decoded audio that follows made-up audio, in place. */
  resume(pcm: Int16Array, at: number, count: number): void
  reset(): void
}

/** `idle`: nothing to play, the frame is silence. `concealed`: wholly made up. `silence`: digital silence was played, the frame left as it was. */
export type PlayoutFrame = 'audio' | 'concealed' | 'idle' | 'silence'

export interface PlayoutOptions {
  /** Units of RTP timestamps per second. */
  readonly clockRate: number
  /** The decoder makes comfort noise for the pauses of a sender that stopped on purpose, and a packet may tell what was in the one before. */
  readonly fillsPauses?: boolean
}

const frameMs = 20
/** The longest delay that is kept: the highest target, and a packet of 60 ms that is not complete yet. */
export const maxFrames = maxTarget + 3
/** Longest packet that is played, milliseconds (RFC 6716 §2.1.4 allows as much). */
const longestMs = 120
/** Frames of made-up audio after which nothing is left to fade. */
const concealFrames = 5
/** A change of the delay cuts or repeats 5 to 15 ms, and joins over 5. */
const overlapMs = 5
const minLagMs = 5
const maxLagMs = 15
/** The fifo holds the longest packet behind a stretched frame. */
const fifoMs = 200
/** What decoders remember of what was played, at most: with so much silence they hold nothing else. */
const memoryMs = 60
/** After so long transit times are counted from another packet. */
const longestBaseMs = 3_600_000
const nothing = new Int16Array(0)

/** Where speech may be cut or repeated, and where it is. */
type Joint = { -readonly [K in keyof LagSearch]: LagSearch[K] } & Stretch

export class Playout {
  readonly #decoder: PlayoutDecoder
  readonly #buffer: JitterBuffer
  readonly #delay = new DelayControl(frameMs)
  readonly #fillsPauses: boolean
  /** Samples per unit of the RTP clock, and per millisecond. */
  readonly #scale: number
  readonly #perMs: number
  readonly #frameSamples: number
  /** Made when the delay is to change. */
  #joint: Joint | undefined
  /** Made when there is something to be heard. */
  #fifo: Int16Array = nothing
  /** Samples of digital silence put into it since anything else was. */
  #quiet: number
  /** Octets of the last packet of it that was played as such. */
  #silentLength = 0
  #start = 0
  #end = 0
  #playing = false
  #concealedRun = 0
  #concealedFrames = 0
  #stretches = 0
  #lateSeen = 0
  #jumpsSeen = 0
  /** When the packet came that completed the last frame, and when playing stopped for want of one. */
  #completedAt = 0
  #stoppedAt = 0
  #adjust: Adjustment = 'none'
  /** A packet's timestamp and arrival, from which transit times are counted. */
  #baseTimestamp = 0
  #baseArrival = Number.NEGATIVE_INFINITY
  #margin = 0

  constructor(decoder: PlayoutDecoder, options: PlayoutOptions, spare = new SpareSlots()) {
    const { sampleRate } = decoder
    this.#decoder = decoder
    this.#fillsPauses = options.fillsPauses ?? false
    this.#scale = sampleRate / options.clockRate
    this.#perMs = sampleRate / 1000
    this.#frameSamples = frameMs * this.#perMs
    this.#quiet = memoryMs * this.#perMs
    const units = options.clockRate / 1000
    const limits = { jumpUnits: maxFrames * frameMs * units, longest: longestMs * units, scale: this.#scale }
    this.#buffer = new JitterBuffer(limits, decoder, spare)
  }

  get late(): number {
    return this.#buffer.late
  }

  get concealedFrames(): number {
    return this.#concealedFrames
  }

  /** Times the delay was changed by stretching or squeezing speech. */
  get stretches(): number {
    return this.#stretches
  }

  /** Frames the buffer wants to hold. */
  get target(): number {
    return this.#delay.target
  }

  /** Frames now waiting. */
  get depth(): number {
    return Math.floor(this.#waiting() / this.#frameSamples)
  }

  /** How long the last frame's audio had been here before it was played: what the buffer costs, milliseconds. */
  get delayMs(): number {
    return this.#playing ? this.#margin : 0
  }

  /** Stores a packet's payload. Returns false when it was of no use. */
  insert(packet: PacketView, now: number): boolean {
    let insertion = this.#buffer.insert(packet, now)
    if (insertion === 'early') {
      this.restart()
      insertion = this.#buffer.insert(packet, now)
    }
    if (insertion === 'useless') return false
    this.#measureTransit(packet.timestamp, now)
    this.#bound()
    return insertion === 'stored'
  }

  /** A packet of the stream without audio, such as an event. */
  skip(sequence: number): void {
    this.#buffer.skip(sequence)
  }

  /** The stream begins anew: another SSRC, a jump, or hold and resume. */
  restart(): void {
    this.#buffer.reset()
    this.#playing = false
    this.#baseArrival = Number.NEGATIVE_INFINITY
    this.#delay.forget()
  }

  /** Fills all of `frame`, 20 ms or somewhat more or less, unless it is silence that is played. `now` in monotonic milliseconds. */
  pull(frame: Int16Array, now: number): PlayoutFrame {
    this.#delay.frame()
    if (this.#buffer.late > this.#lateSeen) {
      this.#lateSeen = this.#buffer.late
      this.#delay.late((this.#buffer.lateBy * this.#scale) / this.#perMs)
    }
    if (!this.#playing && !this.#prime(now)) return this.#idle(frame)
    if (this.#playSilence(frame.length, now)) return 'silence'
    this.#delay.sounds()
    this.#settle()
    const had = this.#fill(this.#lookAhead(frame.length))
    this.#play(frame)
    this.#margin = now - this.#completedAt
    if (this.#playing) this.#adjust = this.#delay.played(this.#margin, (this.#end - this.#start) / this.#perMs)
    else this.#stoppedAt = now
    if (this.#buffer.jumps !== this.#jumpsSeen) this.#bound()
    this.#concealedRun = this.#playing ? 0 : 1
    if (had) return 'audio'
    this.#concealedFrames += 1
    return 'concealed'
  }

  /** A muted phone's packet after others like it changes nothing but the time. Returns whether it was one. */
  #playSilence(wanted: number, now: number): boolean {
    // What may be left in the fifo is silence, too, and stays there in this packet's place.
    if (this.#quiet - (this.#end - this.#start) < memoryMs * this.#perMs || this.#adjust !== 'none') return false
    const packet = wanted === this.#frameSamples ? this.#buffer.takeSilence(wanted / this.#scale) : undefined
    if (!packet) return false
    this.#silentLength = packet.length
    this.#completedAt = packet.arrival
    this.#margin = now - packet.arrival
    this.#adjust = this.#delay.played(this.#margin, (this.#end - this.#start) / this.#perMs)
    this.#concealedRun = 0
    return true
  }

  /**
   * Leaves silence to a run, in which nobody stores or plays it packet by packet; `run` knows the next sequence number. False, and nothing
   * changed, when what is under way needs thought. Until `wake` nothing else may be called.
   */
  rest(run: SilentRun): boolean {
    const { silence } = this.#decoder
    const units = this.#frameSamples / this.#scale
    const quiet = this.#quiet - (this.#end - this.#start) >= memoryMs * this.#perMs
    if (silence === undefined || !this.#playing || !quiet || this.#adjust !== 'none') return false
    if (this.#buffer.late !== this.#lateSeen || this.#buffer.jumps !== this.#jumpsSeen) return false
    run.frames = this.#delay.uneventful
    if (run.frames <= 0 || this.#baseArrival === Number.NEGATIVE_INFINITY) return false
    if (!this.#buffer.lend(units, run.sequence, run)) return false
    run.silence = silence
    run.units = units
    run.payloadLength = this.#silentLength
    run.originMs = this.#baseArrival + this.#sentMs(run.timestamp)
    // There is nothing but zeros in it, and it may be long until there is more.
    this.#fifo = nothing
    this.#joint = undefined
    this.#decoder.reset()
    return true
  }

  /** Goes on after a run, as if its packets had been stored and played one by one. */
  wake(run: SilentRun): void {
    this.#buffer.regain(run.units, run)
    if (run.received > 0) {
      this.#delay.arrived(run.leastTransitMs)
      this.#delay.arrived(run.mostTransitMs)
    }
    if (run.played === 0) return
    this.#delay.pass(run.played, run.leastMarginMs)
    this.#completedAt = run.playedArrival
    this.#margin = run.playedAt - run.playedArrival
    this.#concealedRun = 0
  }

  #measureTransit(timestamp: number, now: number): void {
    if (this.#baseArrival === Number.NEGATIVE_INFINITY) {
      this.#baseArrival = now
      this.#baseTimestamp = timestamp
    }
    const sent = this.#sentMs(timestamp)
    this.#delay.arrived(now - this.#baseArrival - sent)
    // Half the range of timestamps is a day at 8 kHz; the base follows long before.
    if (Math.abs(sent) > longestBaseMs) this.#baseArrival = Number.NEGATIVE_INFINITY
  }

  /** Since the packet from which transit times are counted, by the sender's clock. */
  #sentMs(timestamp: number): number {
    return (distance32(this.#baseTimestamp, timestamp) * this.#scale) / this.#perMs
  }

  /** How many samples the next frame needs, and whether it can be stretched. */
  #lookAhead(wanted: number): number {
    if (wanted < this.#frameSamples) this.#adjust = 'none'
    if (wanted <= this.#frameSamples && this.#adjust === 'none') return wanted
    const waiting = this.#waiting()
    this.#joint ??= this.#newJoint()
    const joint = this.#joint
    joint.min = minLagMs * this.#perMs
    joint.max = maxLagMs * this.#perMs
    if (wanted > this.#frameSamples) {
      if (waiting >= wanted || waiting < this.#frameSamples) {
        this.#adjust = 'none'
        return wanted
      }
      // More is asked for than there is: what there is repeats a pitch period.
      this.#adjust = 'grow'
      joint.min = Math.max(joint.min, wanted - this.#frameSamples)
      return this.#frameSamples
    }
    if (this.#adjust !== 'shrink') return wanted
    // No more than is to go, or the next packet would be needed a tick earlier; and no more than is there.
    const most = Math.min(joint.max, -this.#delay.change * this.#perMs, waiting - wanted)
    joint.max = Math.floor(most / joint.grain) * joint.grain
    if (joint.max >= joint.min) return wanted + joint.max
    this.#adjust = 'none'
    return wanted
  }

  #newJoint(): Joint {
    const { sampleRate } = this.#decoder
    const grain = Math.max(1, this.#scale)
    return { min: 0, max: 0, overlap: overlapMs * this.#perMs, stride: sampleRate / 8000, grain, lag: 0 }
  }

  /** Drops the oldest packets of too many, by what their timestamps say. */
  #bound(): void {
    const most = maxFrames * this.#frameSamples
    while (this.#buffer.stored > 1 && this.#waiting() > most) this.#buffer.drop()
    // A lone packet that far ahead is not waited for.
    if (this.#waiting() > most) this.#buffer.rebase()
    this.#jumpsSeen = this.#buffer.jumps
  }

  #waiting(): number {
    return this.#end - this.#start + this.#buffer.span(!this.#playing) * this.#scale
  }

  /** May playing begin? Only once the packet that completes the first frame has waited for what jitter may take. */
  #prime(now: number): boolean {
    if (this.#buffer.stored === 0) return false
    const completed = this.#buffer.completedAt(this.#frameSamples / this.#scale)
    if (now - completed < this.#delay.primeMs) return false
    if (this.#buffer.begin() === 'late') this.#delay.late(now - this.#stoppedAt)
    this.#delay.begin()
    this.#playing = true
    return true
  }

  /** Nothing to play: fade out what was made up, then silence. */
  #idle(frame: Int16Array): PlayoutFrame {
    if (this.#concealedRun > 0 && this.#concealedRun < concealFrames) {
      this.#concealedRun += 1
      this.#concealedFrames += 1
      this.#decoder.conceal(frame, 0, frame.length)
      return 'concealed'
    }
    this.#concealedRun = 0
    frame.fill(0)
    return 'idle'
  }

  /** Has `count` samples in the fifo. Returns false when all of them had to be made up. */
  #fill(count: number): boolean {
    if (this.#fifo === nothing) this.#fifo = new Int16Array(fifoMs * this.#perMs)
    let real = this.#end > this.#start
    let lost = false
    let missing = count - (this.#end - this.#start)
    while (missing > 0) {
      const taken = this.#buffer.take(missing / this.#scale)
      if (taken.packet) {
        if (taken.gap > 0) this.#bridge(Math.floor(taken.gap * this.#scale), taken)
        this.#decode(taken.packet, Math.max(0, Math.floor(-taken.gap * this.#scale)))
        real = true
      } else {
        lost = taken.loss || taken.empty
        const recovered = this.#bridge(missing, taken)
        real ||= recovered
        if (taken.empty) this.#playing = false
        else this.#buffer.advance(missing / this.#scale)
      }
      missing = count - (this.#end - this.#start)
    }
    return real || !lost
  }

  /** Fills a gap. Returns whether a later packet told what was in it. */
  #bridge(count: number, taken: Taken): boolean {
    const at = this.#end
    this.#end += count
    this.#quiet = 0
    if (!taken.loss && !taken.empty && !this.#fillsPauses) {
      this.#fifo.fill(0, at, this.#end)
      return false
    }
    const next = taken.packet ?? taken.next
    const adjoins = next !== undefined && (taken.packet !== undefined || taken.gap * this.#scale <= count)
    if (adjoins && taken.loss && this.#decoder.recover(next, this.#fifo, at, count)) return true
    if (this.#fillsPauses && next === undefined) this.#delay.lost()
    this.#decoder.conceal(this.#fifo, at, count)
    return false
  }

  #decode(packet: BufferedPacket, skipped: number): void {
    const count = packet.silent ? this.#silence(packet) : this.#decoder.decode(packet, this.#fifo, this.#end)
    this.#quiet = packet.silent ? this.#quiet + count - skipped : 0
    if (skipped > 0) this.#fifo.copyWithin(this.#end, this.#end + skipped, this.#end + count)
    this.#decoder.resume(this.#fifo, this.#end, count - skipped)
    this.#end += count - skipped
    this.#completedAt = packet.arrival
  }

  #silence(packet: BufferedPacket): number {
    const count = packet.units * this.#scale
    this.#fifo.fill(0, this.#end, this.#end + count)
    return count
  }

  /** Moves what is left to the front, so that the fifo never runs over. */
  #settle(): void {
    if (this.#end > this.#start) this.#fifo.copyWithin(0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
  }

  /** One frame out of the fifo, a pitch period longer or shorter when the delay is to change. */
  #play(frame: Int16Array): void {
    const adjust = this.#adjust
    this.#adjust = 'none'
    const joint = this.#joint
    if (adjust === 'none' || !this.#playing || !joint) {
      for (let index = 0; index < frame.length; index += 1) frame[index] = this.#fifo[index] ?? 0
      this.#start = frame.length
      return
    }
    const lag = bestLag(this.#fifo, joint)
    joint.lag = lag
    this.#stretches += 1
    const change = adjust === 'shrink' ? compress : expand
    change(this.#fifo, frame, joint)
    this.#start = adjust === 'shrink' ? frame.length + lag : frame.length - lag
    this.#delay.changed((adjust === 'shrink' ? -lag : lag) / this.#perMs)
  }
}
