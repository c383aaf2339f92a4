// What protects one leg's packets (SRTP, RFC 3711): a context for each direction, which lives as long as its key does. Without keys
// packets pass as they are; with keys nothing that is not protected is let in.
import { createSrtpContext, type SrtpContext, type SrtpResult } from '../rtp/srtp.ts'
import type { SrtpKeys } from '../rtp/srtp-key-derivation.ts'
import { protectionRoom } from '../rtp/srtp-suite.ts'
import type { SrtpPlan } from '../sdp/media-plan.ts'

interface Way {
  readonly keys: SrtpKeys
  readonly context: SrtpContext
}

export class LegSecurity {
  #send: Way | undefined
  #receive: Way | undefined
  #unauthentic = 0
  #replayed = 0

  /** Packets dropped because they were not from whoever holds the key, plain ones among them. */
  get unauthentic(): number {
    return this.#unauthentic
  }

  /** Packets dropped because they had come before, or were too old to know. */
  get replayed(): number {
    return this.#replayed
  }

  /** What our RTP packets must go through; the same object while the key is the same. */
  get seal(): SrtpContext | undefined {
    return this.#send?.context
  }

  configure(plan: SrtpPlan | undefined): void {
    const suite = plan?.suite
    this.#send = suite && renewed(this.#send, { suite, masterKey: plan.sendKey, masterSalt: plan.sendSalt })
    this.#receive = suite && renewed(this.#receive, { suite, masterKey: plan.receiveKey, masterSalt: plan.receiveSalt })
  }

  /** The plain packet, opened where it lies; undefined for one that is to be dropped, which was counted. */
  openRtp(datagram: Uint8Array): Uint8Array | undefined {
    if (!this.#receive) return datagram
    return this.#opened(datagram, this.#receive.context.unprotectRtp(datagram, datagram.length))
  }

  /** The same for a compound RTCP packet. */
  openRtcp(datagram: Uint8Array): Uint8Array | undefined {
    if (!this.#receive) return datagram
    return this.#opened(datagram, this.#receive.context.unprotectRtcp(datagram, datagram.length))
  }

  /** A compound RTCP packet as it goes out. */
  sealRtcp(bytes: Uint8Array): Uint8Array {
    if (!this.#send) return bytes
    const buffer = new Uint8Array(bytes.length + protectionRoom)
    buffer.set(bytes)
    return buffer.subarray(0, this.#send.context.protectRtcp(buffer, bytes.length))
  }

  #opened(datagram: Uint8Array, result: SrtpResult): Uint8Array | undefined {
    if (result.ok) return datagram.subarray(0, result.length)
    if (result.reason === 'replay') this.#replayed += 1
    else this.#unauthentic += 1
    return undefined
  }
}

/** The context of before when the keys are the same octets: a new one would forget indices and what was heard. */
const renewed = (way: Way | undefined, keys: SrtpKeys): Way =>
  way &&
  way.keys.suite === keys.suite &&
  same(way.keys.masterKey, keys.masterKey) &&
  same(way.keys.masterSalt, keys.masterSalt)
    ? way
    : { keys, context: createSrtpContext(keys) }

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
