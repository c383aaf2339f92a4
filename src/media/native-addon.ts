// Finds the native packet I/O that was built of this very source (scripts/build-native.mjs), and names what it can do.
// Whoever gets a reason instead of an addon says so in the log and goes on with node:dgram.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Columns of a row of `receive`; the address takes `addressWords`. What came from the connected peer has port `peerPort`, and in place of the
 * address its first three words as signed numbers, and the octet that all others are (−1 when they differ): see `summary` of packet-io.ts.
 */
export const receiveRow = {
  slot: 0,
  length: 1,
  truncated: 2,
  age: 3,
  port: 4,
  address: 5,
  words: 11,
  head: 5,
  fill: 8,
} as const
/** Columns of a row of `send`. Port `peerPort`, whatever the address, is the slot's connected peer. */
export const sendRow = { slot: 0, offset: 1, length: 2, port: 3, address: 4, words: 10 } as const
/** In place of a port: the peer that the slot is connected to. */
export const peerPort = -1
/** Family (4, 6 or 0), four words in network order, scope. */
export const addressWords = 6
/** What ended a wait, as bits; `loop` and `datagrams` (of sockets without a connected peer) are also what it may watch besides its deadline. */
export const woken = { deadline: 1, loop: 2, datagrams: 4 } as const
/**
 * native/binding.c. Arguments that make no sense throw RangeError; what the kernel refuses is a negative errno;
 * what goes wrong with one datagram of many is counted.
 */
export interface NativeAddon {
  /** A set of sockets, belonging to this thread, or a negative errno. */
  create(): number
  /** Closes all that is open in it. */
  destroy(handle: number): void
  /** A slot, or a negative errno. Port 0 lets the kernel choose; 0 leaves the kernel's buffer and traffic class. */
  open(handle: number, address: string, port: number, receiveBuffer: number, trafficClass: number): number
  /** What goes to that address leaves by a connected socket on the same port, which is cheaper; 0, or a negative errno. */
  connect(handle: number, slot: number, port: number, address: Int32Array): number
  close(handle: number, slot: number): number
  localPort(handle: number, slot: number): number
  /** Blocks the thread for at most that many microseconds, 0 to 1,000,000. Bits of `woken`, 0 after a signal, or a negative errno. */
  wait(handle: number, micros: number, watch: number): number
  /** Rows filled; each datagram lies at its row number times `place`, cut to `place` octets. */
  receive(handle: number, arena: Uint8Array, place: number, rows: Int32Array): number
  /** Datagrams that the kernel took, of `count` rows. */
  send(handle: number, arena: Uint8Array, rows: Int32Array, count: number): number
  /** The same of datagrams to connected peers: `count` rows of a slot and three words, each before the first `length` octets of `tail`. */
  sendAlike(handle: number, tail: Uint8Array, length: number, rows: Int32Array, count: number): number
  /** Fills in received, truncated, receiveErrors, sent, noRoom, sendErrors and badRows, in this order. */
  counters(handle: number, out: Float64Array): void
  /** Family of the numeric address, or 0. */
  encodeAddress(text: string, out: Int32Array): number
  /** RFC 5952 text; empty when the words are no address. */
  decodeAddress(words: Int32Array): string
}

const names = [
  'create',
  'destroy',
  'open',
  'connect',
  'close',
  'localPort',
  'wait',
  'receive',
  'send',
  'sendAlike',
  'counters',
  'encodeAddress',
  'decodeAddress',
] as const satisfies readonly (keyof NativeAddon)[]

export type NativeLookup =
  | { readonly addon: NativeAddon; readonly file: string }
  | { readonly addon?: undefined; readonly reason: string }

const folder = fileURLToPath(new URL('../../native/', import.meta.url))

/** Where the addon of this source lies once it is built. */
export function nativeAddonFile(): string {
  const hash = createHash('sha256')
  const sources = readdirSync(folder).filter((name) => /\.[ch]$/.test(name))
  for (const name of sources.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)))
  const digest = hash.digest('hex').slice(0, 16)
  return join(folder, 'build', `${process.platform}-${process.arch}-${digest}.node`)
}

/** Never throws: an addon that is absent or does not load is a reason. `file` is for builds of other kinds. */
export function loadNativeAddon(file?: string): NativeLookup {
  try {
    const path = file === undefined ? nativeAddonFile() : resolve(file)
    const loaded: unknown = createRequire(import.meta.url)(path)
    if (isAddon(loaded)) return { addon: loaded, file: path }
    return { reason: `${path} is not the native packet I/O` }
  } catch (error) {
    const absent =
      error instanceof Error && 'code' in error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ENOENT')
    if (absent) return { reason: 'the native packet I/O is not built; node scripts/build-native.mjs says why' }
    return { reason: `the native packet I/O does not load: ${error instanceof Error ? error.message : String(error)}` }
  }
}

const isAddon = (value: unknown): value is NativeAddon =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => name in value && typeof Reflect.get(value, name) === 'function')
