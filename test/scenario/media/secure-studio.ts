// A studio some of whose phones speak SRTP: their packets are protected and opened on the way, by the keys of their plan.
import { looksLikeRtcp } from '../../../src/rtp/packet.ts'
import type { Endpoint } from '../../../src/rtp/source-check.ts'
import { createSrtpContext, type SrtpContext } from '../../../src/rtp/srtp.ts'
import { protectionRoom } from '../../../src/rtp/srtp-suite.ts'
import type { MediaPlan, SrtpPlan } from '../../../src/sdp/media-plan.ts'
import { Studio } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

/** A phone's side of the keys of its leg's plan. */
export class SecureLine {
  /** The datagram sent last, as it went over the wire; and how many were heard that the key did not open. */
  lastSent: Uint8Array = new Uint8Array(0)
  unopened = 0
  #send: SrtpContext | undefined
  #receive: SrtpContext | undefined

  constructor(srtp: SrtpPlan | undefined) {
    this.use(srtp)
  }

  /** Undefined: it sends and expects plain packets. */
  use(srtp: SrtpPlan | undefined): void {
    this.#send = srtp && createSrtpContext({ ...srtp, masterKey: srtp.receiveKey, masterSalt: srtp.receiveSalt })
    this.#receive = srtp && createSrtpContext({ ...srtp, masterKey: srtp.sendKey, masterSalt: srtp.sendSalt })
  }

  sealed(bytes: Uint8Array): Uint8Array {
    const wire = withRoom(bytes)
    this.lastSent = wire.subarray(0, this.#send?.protectRtp(wire, bytes.length) ?? bytes.length)
    return this.lastSent.slice()
  }

  sealedControl(bytes: Uint8Array): Uint8Array {
    const wire = withRoom(bytes)
    return wire.subarray(0, this.#send?.protectRtcp(wire, bytes.length) ?? bytes.length)
  }

  opened(wire: Uint8Array): Uint8Array | undefined {
    const bytes = wire.slice()
    const result = this.#receive?.unprotectRtp(bytes, bytes.length) ?? { ok: true, length: bytes.length }
    if (!result.ok) this.unopened += 1
    return result.ok ? bytes.subarray(0, result.length) : undefined
  }

  openedControl(wire: Uint8Array): Uint8Array | undefined {
    const bytes = wire.slice()
    const result = this.#receive?.unprotectRtcp(bytes, bytes.length)
    return result?.ok ? bytes.subarray(0, result.length) : undefined
  }
}

export class SecureStudio extends Studio {
  readonly #lines = new Map<number, SecureLine>()

  override async phone(name: string, plan: Partial<MediaPlan> = {}): Promise<VirtualPhone> {
    const phone = await super.phone(name, plan)
    const line = new SecureLine(plan.srtp)
    this.#lines.set(phone.port, line)
    const hear = phone.hear.bind(phone)
    phone.hear = (wire, now) => {
      const bytes = looksLikeRtcp(wire) ? wire : line.opened(wire)
      if (bytes !== undefined) hear(bytes, now)
    }
    return phone
  }

  /** Of a phone of this studio. */
  line(phone: VirtualPhone): SecureLine {
    const line = this.#lines.get(phone.port)
    if (line === undefined) throw new Error(`${phone.name} is not a phone of this studio`)
    return line
  }

  override deliver(port: number, bytes: Uint8Array, from: Endpoint): void {
    super.deliver(port, this.#lines.get(from.port)?.sealed(bytes) ?? bytes, from)
  }
}

function withRoom(bytes: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(bytes.length + protectionRoom)
  buffer.set(bytes)
  return buffer
}
