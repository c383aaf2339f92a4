// One leg's RTCP on the wire: reports when due to wherever the far end reads them, goodbye at the end.
import { rtcpRoom } from '../rtp/rtcp.ts'
import { RtcpSession, type RtcpStart } from '../rtp/rtcp-session.ts'
import type { SendStream } from '../rtp/send-stream.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'
import type { LegReceiver } from './leg-receiver.ts'
import type { LegSecurity } from './leg-security.ts'
import type { PortPair } from './packet-io.ts'
import type { PacketScratch } from './packet-scratch.ts'

export interface ControlSettings {
  readonly plan: MediaPlan
  readonly start: RtcpStart
  readonly scratch: PacketScratch
}

/** Whose reports they are. */
export interface ControlledLeg {
  readonly ports: PortPair
  /** Absent while nothing is protected. */
  readonly security: LegSecurity | undefined
}

export class LegControl {
  readonly #leg: ControlledLeg
  readonly #session: RtcpSession
  readonly #scratch: PacketScratch
  #signalled: Endpoint
  #latched: Endpoint | undefined
  /** RTP and RTCP share a port (RFC 5761). */
  #muxed: boolean

  constructor(leg: ControlledLeg, send: SendStream, { plan, start, scratch }: ControlSettings) {
    const { remote } = plan
    this.#leg = leg
    this.#session = new RtcpSession(send, start)
    this.#scratch = scratch
    this.#signalled = { address: remote.address, port: remote.rtcpPort }
    this.#muxed = remote.rtcpPort === remote.rtpPort
  }

  get roundTripMs(): number {
    return this.#session.roundTripMs
  }

  get remoteLost(): number {
    return this.#session.remoteLost
  }

  /** When the next report is due, monotonic milliseconds. */
  get dueAt(): number {
    return this.#session.dueAt
  }

  configure(plan: MediaPlan): void {
    const { remote } = plan
    if (remote.address !== this.#signalled.address || remote.rtcpPort !== this.#signalled.port)
      this.#latched = undefined
    this.#signalled = { address: remote.address, port: remote.rtcpPort }
    this.#muxed = remote.rtcpPort === remote.rtpPort
  }

  /** A datagram from the RTCP port, or one that looks like RTCP on the RTP port. */
  receive(
    bytes: Uint8Array,
    source: Endpoint,
    context: { readonly receiver: LegReceiver; readonly now: number },
  ): void {
    const { receiver, now } = context
    if (!receiver.sources.acceptControl(source)) {
      receiver.refuse('foreign')
      return
    }
    const { security } = this.#leg
    const plain = security ? security.openRtcp(bytes) : bytes
    if (plain === undefined) return
    if (this.#session.receive(plain, now) !== undefined) {
      receiver.refuse('malformed')
      return
    }
    receiver.heard(now)
    if (!this.#muxed) this.#latched = source
  }

  tick(receiver: LegReceiver, now: number): void {
    if (!this.#session.due(now)) return
    this.#transmit(this.#session.report(receiver.stream, now, this.#scratch.view(rtcpRoom)), receiver)
  }

  goodbye(receiver: LegReceiver, now: number): void {
    this.#transmit(this.#session.goodbye(receiver.stream, now, this.#scratch.view(rtcpRoom)), receiver)
  }

  /** Sends what lies in the scratch. */
  #transmit(length: number, receiver: LegReceiver): void {
    const { security, ports } = this.#leg
    const report = this.#scratch.view(length)
    const bytes = security ? security.sealRtcp(report) : report
    if (this.#muxed) ports.sendRtp(bytes, receiver.sources.destination)
    else ports.sendRtcp(bytes, this.#latched ?? this.#signalled)
  }
}
