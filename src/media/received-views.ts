// What the receiving side remembers so that it need not allocate per packet: views into the arena, and who sent last to a socket.
import type { Endpoint } from '../rtp/source-check.ts'
import { addressWords, type NativeAddon } from './native-addon.ts'

/** Views kept per place, one for each length that differs modulo this; more only replace one another. */
const kept = 16

/** Views of the first octets of equal places in an arena. */
export class ReceivedViews {
  readonly #arena: Uint8Array
  readonly #place: number
  readonly #views: (Uint8Array | undefined)[]

  constructor(arena: Uint8Array, place: number) {
    this.#arena = arena
    this.#place = place
    this.#views = new Array<Uint8Array | undefined>(Math.floor(arena.length / place) * kept).fill(undefined)
  }

  view(index: number, length: number): Uint8Array {
    const at = index * kept + (length % kept)
    const known = this.#views[at]
    if (known && known.length === length) return known
    const start = index * this.#place
    const made = this.#arena.subarray(start, start + length)
    this.#views[at] = made
    return made
  }
}

/** Port and address, as in a row. */
const words = 1 + addressWords

/** The last source of one socket. A caller may keep the endpoint: it is never changed, only replaced. */
export class SourceMemory {
  readonly #addon: NativeAddon
  readonly #words = new Int32Array(words)
  #source: Endpoint = { address: '', port: 0 }

  constructor(addon: NativeAddon) {
    this.#addon = addon
  }

  /** The source whose port and address begin at `at`. */
  of(rows: Int32Array, at: number): Endpoint {
    let same = true
    for (let word = 0; word < words; word += 1) if (this.#words[word] !== rows[at + word]) same = false
    if (same) return this.#source
    this.#words.set(rows.subarray(at, at + words))
    this.#source = { address: this.#addon.decodeAddress(this.#words.subarray(1)), port: this.#words[0] ?? 0 }
    return this.#source
  }
}
