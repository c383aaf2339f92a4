// Seeded nonsense against the native addon's functions and tables. It may throw RangeError and return negative errnos; nothing else.
// Under AddressSanitizer: node test/native/fuzz-binding.ts <addon file> <seed> <calls>, see test/native/asan.test.ts.
import { isMainThread } from 'node:worker_threads'
import { addressWords, loadNativeAddon, type NativeAddon, receiveRow, sendRow } from '../../src/media/native-addon.ts'

export interface FuzzResult {
  readonly calls: number
  readonly thrown: number
  readonly received: number
  readonly sent: number
  readonly badRows: number
}

type Arguments = readonly unknown[]

const odd: readonly unknown[] = [
  ...[undefined, null, true, '', '1', {}, [], 1n, Number.NaN, -1, -0, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308],
  ...[
    Number.POSITIVE_INFINITY,
    Symbol('odd'),
    () => 1,
    new Uint8Array(0),
    new Float32Array(3),
    new DataView(new ArrayBuffer(8)),
  ],
]
const texts = [
  '127.0.0.1',
  '::1',
  '::',
  '0.0.0.0',
  '',
  'fe80::1%lo',
  'fe80::1%1',
  '%',
  '::1%',
  '1.2.3.4.5',
  '::ffff:127.0.0.1',
  'a\0b',
  'é'.repeat(80),
]

/** xorshift32 (Marsaglia 2003), uniform in [0, 1). The fuzzer must load under sanitizers with nothing but the addon's own files. */
function seededRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

class Fuzzer {
  readonly #addon: NativeAddon
  readonly #random: () => number
  readonly #handles: number[] = []
  readonly #slots: number[] = []
  readonly #ports: number[] = []

  constructor(addon: NativeAddon, random: () => number) {
    this.#addon = addon
    this.#random = random
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #pick<T>(list: readonly T[], instead: T): T {
    return list[this.#below(list.length)] ?? instead
  }

  /** Mostly what is asked for, sometimes anything. */
  #maybe(value: unknown): unknown {
    return this.#random() < 0.03 ? this.#pick(odd, undefined) : value
  }

  readonly #handle = (): unknown => this.#maybe(this.#random() < 0.02 ? this.#below(200) : this.#pick(this.#handles, 0))
  readonly #slot = (): unknown => this.#maybe(this.#random() < 0.1 ? this.#below(5000) : this.#pick(this.#slots, 0))

  /** Plain, shared, shrinking, detached or at an offset. */
  #storage(octets: number): ArrayBuffer | SharedArrayBuffer {
    const kind = this.#below(8)
    if (kind === 0) return new SharedArrayBuffer(octets)
    if (kind === 1) return new ArrayBuffer(octets, { maxByteLength: octets + 64 })
    return new ArrayBuffer(octets)
  }

  #array<T extends Uint8Array | Int32Array | Float64Array>(
    make: (storage: ArrayBuffer | SharedArrayBuffer) => T,
    octets: number,
  ): T {
    const storage = this.#storage(octets)
    const array = make(storage)
    if (storage instanceof ArrayBuffer && storage.resizable) storage.resize(this.#below(octets / 8) * 8)
    else if (storage instanceof ArrayBuffer && this.#random() < 0.03) structuredClone(storage, { transfer: [storage] })
    return array
  }

  /** Rows that are nearly right; datagrams go to our own sockets on loopback or nowhere. */
  #sendRows(arenaOctets: number): Int32Array {
    const count = this.#below(40)
    const rows = this.#array((storage) => new Int32Array(storage), count * sendRow.words * 4 + 8 * this.#below(6))
    const extremes = [-1, -(2 ** 31), 2 ** 31 - 1, 65_535, 65_536, 65_508]
    const number = (usual: number): number => (this.#random() < 0.05 ? this.#pick(extremes, 0) : usual)
    for (let at = 0; at + sendRow.words <= rows.length; at += sendRow.words) {
      const offset = this.#below(arenaOctets + 1)
      const six = this.#random() < 0.3
      const address = six ? [6, 0, 0, 0, 0x01000000, 0] : [4, 0x0100007f, 0, 0, 0, this.#below(3)]
      if (this.#random() < 0.05) address[0] = this.#pick([0, 5, -4, 7], 1)
      const length = this.#random() < 0.9 ? Math.min(this.#below(300), arenaOctets - offset) : this.#below(70_000)
      const slot = this.#slots.length > 0 ? this.#pick(this.#slots, 0) : 0
      const port = this.#random() < 0.03 ? this.#pick([0, -5, 65_536], 0) : this.#pick(this.#ports, 0)
      rows.set([number(slot), number(offset), number(length), port, ...address], at)
    }
    return rows
  }

  readonly #calls: Readonly<Record<keyof NativeAddon, () => Arguments>> = {
    create: () => [],
    destroy: () => (this.#random() < 0.1 ? [this.#handle()] : [0]),
    open: () => [
      this.#handle(),
      this.#maybe(this.#random() < 0.7 ? '127.0.0.1' : this.#pick(texts, '')),
      this.#maybe(this.#random() < 0.7 ? 0 : this.#pick(this.#ports, 0)),
      this.#maybe(this.#below(100_000)),
      this.#maybe(this.#below(256)),
    ],
    connect: () => [
      this.#handle(),
      this.#slot(),
      this.#maybe(this.#random() < 0.1 ? this.#below(2) - 1 : this.#pick(this.#ports, 0)),
      this.#maybe(
        Int32Array.of(this.#random() < 0.1 ? this.#below(8) : 4, 0x0100007f, 0, 0, 0, 0).subarray(
          this.#below(10) === 0 ? 1 : 0,
        ),
      ),
    ],
    close: () => [this.#handle(), this.#slot()],
    localPort: () => [this.#handle(), this.#slot()],
    wait: () => [this.#handle(), this.#maybe(this.#below(100)), this.#maybe(this.#below(8))],
    receive: () => [
      this.#handle(),
      this.#maybe(this.#array((storage) => new Uint8Array(storage), 8 * this.#below(2000))),
      this.#maybe(this.#random() < 0.7 ? 400 : this.#below(70_000)),
      this.#maybe(this.#array((storage) => new Int32Array(storage), 8 * this.#below(receiveRow.words * 10))),
    ],
    send: () => {
      const arena = this.#array((storage) => new Uint8Array(storage), 8 * this.#below(600))
      const rows = this.#sendRows(arena.length)
      const count = Math.floor(rows.length / sendRow.words) + (this.#random() < 0.1 ? this.#below(4) : 0)
      return [this.#handle(), this.#maybe(arena), this.#maybe(rows), this.#maybe(count)]
    },
    sendAlike: () => {
      const tail = this.#array((storage) => new Uint8Array(storage), 8 * this.#below(300))
      const rows = this.#array((storage) => new Int32Array(storage), 16 * this.#below(40))
      for (let at = 0; at < rows.length; at += 4)
        rows[at] = this.#random() < 0.9 && this.#slots.length > 0 ? this.#pick(this.#slots, 0) : this.#below(2 ** 32)
      const count = Math.floor(rows.length / 4) + (this.#random() < 0.1 ? this.#below(4) : 0)
      const length = this.#random() < 0.9 ? Math.min(tail.length, this.#below(300)) : this.#below(5000)
      return [this.#handle(), this.#maybe(tail), this.#maybe(length), this.#maybe(rows), this.#maybe(count)]
    },
    counters: () => [
      this.#handle(),
      this.#maybe(this.#array((storage) => new Float64Array(storage), 8 * this.#below(12))),
    ],
    encodeAddress: () => [
      this.#maybe(this.#pick(texts, '')),
      this.#maybe(this.#array((storage) => new Int32Array(storage), 8 * this.#below(6))),
    ],
    decodeAddress: () => {
      const words = new Int32Array(addressWords + this.#below(3) - 1)
      for (let index = 0; index < words.length; index += 1) words[index] = this.#below(2 ** 32)
      words[0] = this.#pick([4, 6, 0, -1, 5], 4)
      return [this.#maybe(words)]
    },
  }

  run(calls: number): FuzzResult {
    const names = Object.keys(this.#calls) as (keyof NativeAddon)[]
    const weighted = names.flatMap((name) =>
      name === 'send' || name === 'sendAlike' || name === 'receive' ? [name, name, name, name] : [name],
    )
    let thrown = 0
    for (let call = 0; call < calls; call += 1) if (!this.#call(this.#pick(weighted, 'wait'))) thrown += 1
    const totals = [0, 0, 0]
    for (const handle of this.#handles) {
      const counts = new Float64Array(7)
      this.#addon.counters(handle, counts)
      totals.forEach((total, index) => {
        totals[index] = total + (counts[[0, 3, 6][index] ?? 0] ?? 0)
      })
      this.#addon.destroy(handle)
    }
    const [received = 0, sent = 0, badRows = 0] = totals
    return { calls, thrown, received, sent, badRows }
  }

  /** Returns false when it threw what it may throw. */
  #call(name: keyof NativeAddon): boolean {
    const given = this.#calls[name]()
    // Now and then too few.
    const taken = this.#random() < 0.01 ? given.slice(0, this.#below(given.length)) : given
    let result: unknown
    try {
      result = (this.#addon[name] as (...all: Arguments) => unknown)(...taken)
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
    this.#remember(name, taken, result)
    return true
  }

  #remember(name: keyof NativeAddon, taken: Arguments, result: unknown): void {
    const [handle, slot] = taken
    if (name === 'create' && typeof result === 'number' && result > 0) this.#handles.push(result)
    if (name === 'destroy') this.#handles.splice(this.#handles.indexOf(Number(handle)), 1)
    if (name === 'open' && typeof result === 'number' && result >= 0) {
      this.#slots.push(result)
      this.#ports.push(this.#addon.localPort(Number(handle), result))
    }
    // The tables stay small, so that sets, slots and ports meet again.
    if (this.#slots.length > 60) this.#slots.shift()
    if (this.#ports.length > 60) this.#ports.shift()
    if (name === 'close' && result === 0 && this.#random() < 0.5)
      this.#slots.splice(this.#slots.indexOf(Number(slot)), 1)
  }
}

/** Throws when anything but RangeError is thrown. */
export function fuzzBinding(addon: NativeAddon, seed: number, calls: number): FuzzResult {
  return new Fuzzer(addon, seededRandom(seed)).run(calls)
}

if (import.meta.main && isMainThread) {
  const [file, seed = '1', calls = '20000'] = process.argv.slice(2)
  const lookup = loadNativeAddon(file)
  if (!lookup.addon) throw new Error(lookup.reason)
  console.log(JSON.stringify(fuzzBinding(lookup.addon, Number(seed), Number(calls))))
}
