// AES in counter mode for packets (RFC 3711 §4.1.1). One cipher object lives as long as the key and encrypts counter blocks of several
// coming packets at once: a fresh cipher for each packet would cost more than all else together.
import { type Cipheriv, createCipheriv, createSecretKey } from 'node:crypto'
import { byteAt, write16, write32 } from './packet.ts'
import type { PacketPlace } from './srtp-transform.ts'

const blockLength = 16
/** Octets of keystream made at once, unless one packet alone needs more: a dozen packets of 160. */
const batchLength = 2048

export class Keystream {
  readonly #cipher: Cipheriv
  readonly #salt: Uint8Array
  #blocks: Uint8Array = new Uint8Array(batchLength)
  /** Keystream for the packets `#first` to `#first + #packets - 1` of `#ssrc`, each with `#share` octets. */
  #stream: Uint8Array = new Uint8Array(0)
  #ssrc = 0
  #first = 0
  #packets = 0
  #share = 0

  /** @param key 16 octets @param salt 14 octets */
  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#cipher = createCipheriv('aes-128-ecb', createSecretKey(key), null).setAutoPadding(false)
    this.#salt = salt
  }

  /** Encrypts or decrypts the packet from the end of its header to its length. */
  apply(packet: Uint8Array, place: PacketPlace): void {
    const { headerLength, length } = place
    if (length <= headerLength) return
    const stream = this.#streamFor(place, length - headerLength)
    let from = stream === this.#stream ? (place.index - this.#first) * this.#share : 0
    for (let at = headerLength; at < length; at += 1, from += 1) packet[at] = byteAt(packet, at) ^ byteAt(stream, from)
  }

  /** The batch when it holds the packet; a new batch for a packet ahead of it; for a packet behind it, a keystream of its own. */
  #streamFor(place: PacketPlace, length: number): Uint8Array {
    const offset = place.index - this.#first
    const sameSource = place.ssrc === this.#ssrc
    if (sameSource && offset >= 0 && offset < this.#packets && length <= this.#share) return this.#stream
    const share = Math.ceil(length / blockLength) * blockLength
    if (sameSource && offset < 0) return this.#generate(place, 1, share)
    const packets = Math.max(1, Math.floor(batchLength / share))
    this.#stream = this.#generate(place, packets, share)
    this.#ssrc = place.ssrc
    this.#first = place.index
    this.#packets = packets
    this.#share = share
    return this.#stream
  }

  #generate(place: PacketPlace, packets: number, share: number): Uint8Array {
    if (packets * share > this.#blocks.length) this.#blocks = new Uint8Array(packets * share)
    const blocks = this.#blocks
    let at = 0
    for (let packet = 0; packet < packets; packet += 1) {
      const start = at
      this.#writeFirstBlock(start, place.ssrc, place.index + packet)
      at += blockLength
      for (let counter = 1; at < start + share; counter += 1, at += blockLength) {
        for (let octet = 0; octet < 14; octet += 1) blocks[at + octet] = byteAt(blocks, start + octet)
        write16(blocks, at + 14, counter)
      }
    }
    return this.#cipher.update(blocks.subarray(0, at))
  }

  /** Salt, SSRC and index, one over the other; the last 16 bits count blocks. */
  #writeFirstBlock(at: number, ssrc: number, index: number): void {
    const blocks = this.#blocks
    write32(blocks, at, 0)
    write32(blocks, at + 4, ssrc)
    write16(blocks, at + 8, Math.floor(index / 2 ** 32))
    write32(blocks, at + 10, index % 2 ** 32)
    for (let octet = 0; octet < 14; octet += 1)
      blocks[at + octet] = byteAt(blocks, at + octet) ^ byteAt(this.#salt, octet)
    write16(blocks, at + 14, 0)
  }
}
