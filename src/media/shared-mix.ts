// What everyone hears who contributed nothing this tick: limited once, and encoded once per codec, whoever and how many they are.

import type { Encoder } from '../codec/codec.ts'
import { codecs } from '../codec/codecs.ts'
import { frameSamples } from '../dsp/frame.ts'
import { Limiter } from '../dsp/limiter.ts'
import type { CodecName } from '../sdp/media-plan.ts'

interface Encoding {
  readonly encoder: Encoder
  readonly bytes: Uint8Array
  fresh: boolean
}

export class SharedMix {
  readonly limiter = new Limiter()
  readonly #pcm = new Int16Array(frameSamples)
  readonly #encodings: Partial<Record<CodecName, Encoding>> = {}
  readonly #list: Encoding[] = []
  #sum: Int32Array | undefined
  #limited = true
  #encodes = 0

  /** Encodings made so far. */
  get encodes(): number {
    return this.#encodes
  }

  /** A new tick: the sum that is to be heard. Nothing is computed until somebody listens. */
  begin(sum: Int32Array): void {
    this.#sum = sum
    this.#limited = false
    for (const encoding of this.#list) encoding.fresh = false
  }

  /** The frame, limited. Not to be written to; valid during the tick. */
  pcm(): Int16Array {
    if (!this.#limited && this.#sum) {
      this.limiter.process(this.#sum, this.#pcm)
      this.#limited = true
    }
    return this.#pcm
  }

  /** The frame's payload in one codec, which must be shareable. Not to be written to; valid during the tick. */
  payload(name: CodecName): Uint8Array {
    const encoding = this.#encodings[name] ?? this.#addEncoding(name)
    if (!encoding.fresh) {
      encoding.encoder.encode(this.pcm(), encoding.bytes, 0)
      encoding.fresh = true
      this.#encodes += 1
    }
    return encoding.bytes
  }

  #addEncoding(name: CodecName): Encoding {
    const bytes = new Uint8Array(codecs[name].facts.frameBytes)
    const encoding = { encoder: codecs[name].createEncoder(), bytes, fresh: false }
    this.#encodings[name] = encoding
    this.#list.push(encoding)
    return encoding
  }
}
