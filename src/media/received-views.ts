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

const nowhere: Endpoint = { address: '', port: 0 }

/** The last source of one socket. A caller may keep the endpoint: it is never changed, only replaced. */
export class SourceMemory {
  readonly #addon: NativeAddon
  /** As in a row; fields, because an array of so few words is much larger than they are. */
  #port = 0
  #family = 0
  #first = 0
  #second = 0
  #third = 0
  #fourth = 0
  #scope = 0
  #source = nowhere

  constructor(addon: NativeAddon) {
    this.#addon = addon
  }

  /** The source whose port and address begin at `at`. */
  of(rows: Int32Array, at: number): Endpoint {
    if (this.#source === nowhere || !this.#is(rows, at)) this.#replace(rows, at)
    return this.#source
  }

  #is(rows: Int32Array, at: number): boolean {
    return (
      rows[at] === this.#port &&
      rows[at + 1] === this.#family &&
      rows[at + 2] === this.#first &&
      rows[at + 3] === this.#second &&
      rows[at + 4] === this.#third &&
      rows[at + 5] === this.#fourth &&
      rows[at + 6] === this.#scope
    )
  }

  #replace(rows: Int32Array, at: number): void {
    this.#port = rows[at] ?? 0
    this.#family = rows[at + 1] ?? 0
    this.#first = rows[at + 2] ?? 0
    this.#second = rows[at + 3] ?? 0
    this.#third = rows[at + 4] ?? 0
    this.#fourth = rows[at + 5] ?? 0
    this.#scope = rows[at + 6] ?? 0
    // The addon takes them from an array of their own.
    const address = this.#addon.decodeAddress(rows.slice(at + 1, at + 1 + addressWords))
    this.#source = { address, port: this.#port }
  }
}
