// One encoder and the payload of its last frame, shared by all who hear the same in the same format, or one leg's own. Encoders of some codecs
// remember: a phone that is moved from one encoding to another must not notice, so that the new one first takes over where the old one is.
import type { WideEncoder } from '../codec/wide-codec.ts'
import { samplesPerFrame } from '../dsp/frame.ts'
import { type LegFormat, payloadRoom } from './leg-format.ts'

/** Frames kept for an encoder that cannot copy another's memory, and is warmed up with what the other one encoded. */
const warmUpFrames = 3
const nothing = new Uint8Array(0)

export class Encoding {
  readonly format: LegFormat
  readonly encoder: WideEncoder
  /** The payload is the first `length` octets. Not to be written to; valid until the next frame. */
  bytes: Uint8Array
  length = 0
  /** Was this tick's frame encoded? */
  fresh = false
  /** Frames in a row that were silence. */
  silentFrames = 0
  /** Made for the first frame: most legs only ever hear what others encode. */
  #own = nothing
  #complexity: number | undefined
  readonly #history: Int16Array[] = []
  #turn = 0

  constructor(format: LegFormat) {
    this.format = format
    this.encoder = format.codec.createEncoder(format.rate, format.settings)
    this.#complexity = format.effort?.complexity
    if (this.#complexity !== undefined) this.encoder.adjust({ complexity: this.#complexity })
    this.bytes = nothing
    if (!this.remembers) return
    for (let index = 0; index < warmUpFrames; index += 1)
      this.#history.push(new Int16Array(samplesPerFrame(format.rate)))
  }

  /** Does a payload depend on those before it? */
  get remembers(): boolean {
    return this.format.codec.facts.shareable === 'stream'
  }

  /** Is the far end's decoder made for packets that do not follow from those before, as after a loss? */
  get forgiving(): boolean {
    return this.format.codec.facts.variable
  }

  /** Does as the effort says from the next frame on. */
  attune(): void {
    const { effort } = this.format
    if (!effort || effort.complexity === this.#complexity) return
    this.#complexity = effort.complexity
    this.encoder.adjust({ complexity: effort.complexity })
  }

  encode(pcm: Int16Array): void {
    this.attune()
    if (this.remembers) {
      this.#history[this.#turn]?.set(pcm)
      this.#turn = (this.#turn + 1) % warmUpFrames
    }
    this.bytes = this.#room()
    this.length = this.encoder.encode(pcm, this.bytes, 0)
    this.fresh = true
  }

  /** This tick's payload is another's, which has encoded the same for long. */
  borrow(other: Encoding): void {
    this.bytes = other.bytes
    this.length = other.length
    this.fresh = true
  }

  /** Goes on where the phone that heard `other` is. */
  takeOver(other: Encoding): void {
    if (!other.fresh && this.encoder.follow(other.encoder)) return
    // With this tick's frame encoded already, the newest is not one that the phone has heard.
    const skipped = other.fresh ? 1 : 0
    for (let index = skipped; index < warmUpFrames; index += 1) {
      const frame = other.#history[(other.#turn + index - skipped) % warmUpFrames]
      if (frame) this.encoder.encode(frame, this.#room(), 0)
    }
  }

  close(): void {
    this.encoder.close()
  }

  #room(): Uint8Array {
    if (this.#own === nothing) this.#own = new Uint8Array(payloadRoom(this.format, 20))
    return this.#own
  }
}

/** Do both hold the same payload? */
export function samePayload(one: Encoding, other: Encoding): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index += 1) if (one.bytes[index] !== other.bytes[index]) return false
  return true
}
