// Turns the packets of a jitter buffer into one frame per tick: when to begin, what to do about gaps, and how much delay to keep.
// An input is primed before it is consumed and primed again after an underrun, so that the phase between sender and tick makes no holes.
import { bestLag, compress, expand } from '../dsp/time-stretch.ts'
import { type Adjustment, DelayControl } from './delay-control.ts'
import { type BufferedPacket, JitterBuffer } from './jitter-buffer.ts'
import type { PacketView } from './packet.ts'

/** What the playout needs of a codec; PCM is 16-bit at the codec's rate. */
export interface PlayoutDecoder {
  /** How long a payload of that length lasts. */
  samplesIn(payloadLength: number): number
  /** Decodes into `pcm` from `at` on and returns the number of samples. */
  decode(payload: EncodedPayload, pcm: Int16Array, at: number): number
  /** Makes up audio for what is missing. */
  conceal(pcm: Int16Array, at: number, count: number): void
  /** Blends decoded audio that follows made-up audio, in place. */
  resume(pcm: Int16Array, at: number, count: number): void
  reset(): void
}

export interface EncodedPayload {
  readonly bytes: Uint8Array
  readonly length: number
}

/** `idle`: nothing to play, the frame is silence. `concealed`: wholly made up. */
export type PlayoutFrame = 'audio' | 'concealed' | 'idle'

export interface PlayoutOptions {
  readonly frameSamples: number
  readonly frameMs: number
}

const maxFrames = 12
/** Frames of made-up audio after which nothing is left to fade. */
const concealFrames = 5
const overlap = 40
const minLag = 40
const maxLag = 120

export class Playout {
  readonly #decoder: PlayoutDecoder
  readonly #buffer: JitterBuffer
  readonly #options: PlayoutOptions
  readonly #delay: DelayControl
  readonly #fifo = new Int16Array(4096)
  #start = 0
  #end = 0
  #playing = false
  #concealedRun = 0
  #concealedFrames = 0
  #stretches = 0
  #lateSeen = 0
  #jumpsSeen = 0
  /** When the packet came that completed the last frame. */
  #completedAt = 0
  #adjust: Adjustment = 'none'

  constructor(decoder: PlayoutDecoder, options: PlayoutOptions) {
    this.#decoder = decoder
    this.#options = options
    this.#delay = new DelayControl(options.frameMs)
    this.#buffer = new JitterBuffer(maxFrames * options.frameSamples)
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
    return Math.floor(this.#waiting() / this.#options.frameSamples)
  }

  /** Stores a packet's payload. Returns false when it was of no use. */
  insert(packet: PacketView, now: number): boolean {
    const samples = this.#decoder.samplesIn(packet.payloadLength)
    if (samples === 0) return false
    let insertion = this.#buffer.insert(packet, samples, now)
    if (insertion === 'early') {
      this.restart()
      insertion = this.#buffer.insert(packet, samples, now)
    }
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
  }

  /** Fills one frame. `now` in monotonic milliseconds. */
  pull(frame: Int16Array, now: number): PlayoutFrame {
    this.#delay.frame()
    if (this.#buffer.late > this.#lateSeen) {
      this.#lateSeen = this.#buffer.late
      this.#delay.late()
    }
    if (!this.#playing && !this.#prime(now)) return this.#idle(frame)
    this.#settle()
    const wanted = this.#options.frameSamples
    const lookAhead = this.#adjust === 'shrink' ? wanted + maxLag : wanted
    if (lookAhead > wanted && this.#waiting() < lookAhead) this.#adjust = 'none'
    const had = this.#fill(this.#adjust === 'shrink' ? lookAhead : wanted)
    this.#play(frame)
    if (this.#playing) this.#adjust = this.#delay.played(now - this.#completedAt)
    if (this.#buffer.jumps !== this.#jumpsSeen) this.#bound()
    this.#concealedRun = this.#playing ? 0 : 1
    if (had) return 'audio'
    this.#concealedFrames += 1
    return 'concealed'
  }

  /** Drops the oldest packets of too many, by what their timestamps say. */
  #bound(): void {
    const most = maxFrames * this.#options.frameSamples
    while (this.#buffer.stored > 1 && this.#waiting() > most) this.#buffer.drop()
    // A lone packet that far ahead is not waited for.
    if (this.#waiting() > most) this.#buffer.rebase()
    this.#jumpsSeen = this.#buffer.jumps
  }

  #waiting(): number {
    return this.#end - this.#start + this.#buffer.span(!this.#playing)
  }

  /** May playing begin? Only once the packet that completes the first frame has waited for what jitter may take. */
  #prime(now: number): boolean {
    if (this.#buffer.stored === 0) return false
    const completed = this.#buffer.completedAt(this.#options.frameSamples)
    if (now - completed < this.#delay.primeMs) return false
    const beginning = this.#buffer.begin()
    if (beginning === 'late') this.#delay.late()
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
    let real = this.#end > this.#start
    let lost = false
    let missing = count - (this.#end - this.#start)
    while (missing > 0) {
      const taken = this.#buffer.take(missing)
      if (taken.packet) {
        if (taken.gap > 0) this.#bridge(taken.gap, taken.loss)
        this.#decode(taken.packet, Math.max(0, -taken.gap))
        real = true
      } else {
        lost = taken.loss || taken.empty
        this.#bridge(missing, lost)
        if (taken.empty) this.#playing = false
        else this.#buffer.advance(missing)
      }
      missing = count - (this.#end - this.#start)
    }
    return real || !lost
  }

  #bridge(count: number, loss: boolean): void {
    if (loss) this.#decoder.conceal(this.#fifo, this.#end, count)
    else this.#fifo.fill(0, this.#end, this.#end + count)
    this.#end += count
  }

  #decode(packet: BufferedPacket, skipped: number): void {
    const count = this.#decoder.decode(packet, this.#fifo, this.#end)
    if (skipped > 0) this.#fifo.copyWithin(this.#end, this.#end + skipped, this.#end + count)
    this.#decoder.resume(this.#fifo, this.#end, count - skipped)
    this.#end += count - skipped
    this.#completedAt = packet.arrival
  }

  /** Moves what is left to the front, so that the fifo never runs over. */
  #settle(): void {
    this.#fifo.copyWithin(0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
  }

  /** One frame out of the fifo, a pitch period longer or shorter when the delay is to change. */
  #play(frame: Int16Array): void {
    const adjust = this.#adjust
    this.#adjust = 'none'
    if (adjust === 'none' || !this.#playing) {
      for (let index = 0; index < frame.length; index += 1) frame[index] = this.#fifo[index] ?? 0
      this.#start = frame.length
      return
    }
    const lag = bestLag(this.#fifo, { min: minLag, max: maxLag, overlap })
    this.#stretches += 1
    const stretch = adjust === 'shrink' ? compress : expand
    stretch(this.#fifo, frame, { lag, overlap })
    this.#start = adjust === 'shrink' ? frame.length + lag : frame.length - lag
  }
}
