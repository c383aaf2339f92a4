// Gathers datagrams of all sockets in one arena and hands them to the native addon in one call.
// Outside a turn of the loop nobody would say when to send, so what is gathered there leaves by a microtask.
import type { EncodedPayload } from '../rtp/jitter-buffer.ts'
import { type Endpoint, sameEndpoint } from '../rtp/source-check.ts'
import { addressWords, type NativeAddon, peerPort, sendRow } from './native-addon.ts'

/** A socket that is sent from, and the address last sent to; almost every datagram goes there again. */
export interface SendingSocket {
  readonly slot: number
  to: Endpoint | undefined
  /** The address in the addon's form, kept where there will be no connected socket for it. */
  words: Int32Array | undefined
  /** Datagrams sent to it. */
  packets: number
  /** There is a connected socket for it. */
  connected: boolean
  /** Whom the connected socket is for, whether it is still sent to or not. */
  peer: Endpoint | undefined
}

/** So many datagrams to one address, and a connected socket for it pays; a source that is still being found never gets there. */
const steadyAfter = 50

const rows = 256
/** Room for a full batch of Ethernet's longest; a batch of longer ones is sent in parts. */
const arenaBytes = rows * 1500

export class NativeSender {
  readonly #addon: NativeAddon
  readonly #handle: number
  readonly #arena = new Uint8Array(arenaBytes)
  readonly #rows = new Int32Array(rows * sendRow.words)
  /** The address in the addon's form that was looked at last, as text and as words; family 0: it is none. */
  #address = ''
  readonly #words = new Int32Array(addressWords)
  #family = 0
  #count = 0
  #used = 0
  #held = false
  #scheduled = false
  #unsendable = 0

  constructor(addon: NativeAddon, handle: number) {
    this.#addon = addon
    this.#handle = handle
  }

  /** Datagrams that had no usable address or were too long for any. */
  get unsendable(): number {
    return this.#unsendable
  }

  add(socket: SendingSocket, bytes: Uint8Array, to: Endpoint): void {
    if (socket.to !== to) this.#aim(socket, to)
    const words = socket.connected ? undefined : (socket.words ?? this.#encode(to))
    if ((!words && !socket.connected) || bytes.length > arenaBytes) {
      this.#unsendable += 1
      return
    }
    if (words) this.#approach(socket, to, words)
    if (this.#count === rows || this.#used + bytes.length > arenaBytes) this.flush()
    const table = this.#rows
    const at = this.#count * sendRow.words
    table[at + sendRow.slot] = socket.slot
    table[at + sendRow.offset] = this.#used
    table[at + sendRow.length] = bytes.length
    table[at + sendRow.port] = socket.connected ? peerPort : to.port
    if (words && !socket.connected)
      for (let word = 0; word < addressWords; word += 1) table[at + sendRow.address + word] = words[word] ?? 0
    this.#arena.set(bytes, this.#used)
    this.#used += bytes.length
    this.#count += 1
    if (!this.#held && !this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(this.#flushLater)
    }
  }

  /** The slot, if datagrams to that endpoint leave by its connected socket; otherwise −1. */
  channel(socket: SendingSocket, to: Endpoint): number {
    return socket.connected && socket.peer !== undefined && sameEndpoint(socket.peer, to) ? socket.slot : -1
  }

  /** See PacketIo. */
  sendAlike(heads: Int32Array, count: number, payload: EncodedPayload): void {
    this.#addon.sendAlike(this.#handle, payload.bytes, payload.length, heads, count)
  }

  /** From now on only `flush` and `release` send. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.flush()
  }

  /** Sends what is gathered. */
  flush(): void {
    if (this.#count > 0) this.#addon.send(this.#handle, this.#arena, this.#rows, this.#count)
    this.#count = 0
    this.#used = 0
  }

  readonly #flushLater = (): void => {
    this.#scheduled = false
    if (!this.#held) this.flush()
  }

  #approach(socket: SendingSocket, to: Endpoint, words: Int32Array): void {
    socket.packets += 1
    if (socket.packets !== steadyAfter) return
    // What is gathered may go to the peer of before.
    this.flush()
    socket.connected = this.#addon.connect(this.#handle, socket.slot, to.port, words) === 0
    socket.peer = socket.connected ? to : undefined
    socket.words = socket.connected ? undefined : words.slice()
  }

  #aim(socket: SendingSocket, to: Endpoint): void {
    const before = socket.to
    socket.to = to
    if (before && before.port === to.port && before.address === to.address) return
    socket.words = undefined
    socket.packets = 0
    socket.connected = false
  }

  /** Undefined when the address is not numeric or the port is none. Valid until the next call. */
  #encode({ address, port }: Endpoint): Int32Array | undefined {
    if (port <= 0 || port > 65535 || address.length >= 100) return undefined
    if (address !== this.#address) {
      this.#address = address
      this.#family = this.#addon.encodeAddress(address, this.#words)
    }
    return this.#family === 0 ? undefined : this.#words
  }
}
