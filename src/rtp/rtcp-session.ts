// One participant's RTCP (RFC 3550 §6): when to report, what to say, and what the far end's reports tell (loss, round trip, goodbye).
// NTP time is the wall clock of the start plus monotonic time, so that a step of the clock does not look like a round trip.
import type { ReceiveStream } from './receive-stream.ts'
import { type NtpTime, parseRtcp, type ReportBlock, type RtcpContents, type RtcpDefect, writeRtcp } from './rtcp.ts'
import type { SendStream } from './send-stream.ts'

/** Seconds from 1900 (NTP) to 1970. */
const ntpOffset = 2_208_988_800
const minimumIntervalMs = 5000
/** §6.3.1: makes up for timer reconsideration converging below the intended average. */
const compensation = Math.E - 1.5

/** Who reports. */
export interface RtcpSource {
  readonly cname: string
}

export interface RtcpStart {
  readonly source: RtcpSource
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Monotonic milliseconds and the wall clock at the same moment. */
  readonly now: number
  readonly wallMicros: number
}

export class RtcpSession {
  readonly #send: SendStream
  readonly #source: RtcpSource
  readonly #random: () => number
  /** The wall clock when monotonic time was zero, microseconds. */
  readonly #zeroMicros: number
  #dueAt: number
  #packetsAtReport = 0
  /** Middle 32 bits of the far end's last sender report, and when it came. */
  #lastReport = 0
  #lastReportAt = 0
  #roundTripMs = -1
  #remoteLost = 0
  #left = false

  /** @param send what we send, the one half of what is reported on */
  constructor(send: SendStream, start: RtcpStart) {
    this.#send = send
    this.#source = start.source
    this.#random = start.random
    this.#zeroMicros = start.wallMicros - start.now * 1000
    // The first report comes after half the interval (§6.2).
    this.#dueAt = start.now + this.#interval() / 2
  }

  /** -1 while unknown. */
  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** What the far end says it lost of ours. */
  get remoteLost(): number {
    return this.#remoteLost
  }

  /** The far end said goodbye. */
  get left(): boolean {
    return this.#left
  }

  /** When the next report is due, monotonic milliseconds. */
  get dueAt(): number {
    return this.#dueAt
  }

  due(now: number): boolean {
    return now >= this.#dueAt
  }

  /** Writes the next compound datagram into `rtcpRoom` octets and returns its length; sets the time of the one after. */
  report(receive: ReceiveStream, now: number, into: Uint8Array): number {
    this.#dueAt = now + this.#interval()
    return writeRtcp(this.#contents(receive, now, false), into)
  }

  /** The same of the last one. */
  goodbye(receive: ReceiveStream, now: number, into: Uint8Array): number {
    return writeRtcp(this.#contents(receive, now, true), into)
  }

  /** Reads what the far end sent about our stream. Returns a defect instead of throwing. */
  receive(bytes: Uint8Array, now: number): RtcpDefect | undefined {
    const packets = parseRtcp(bytes)
    if (typeof packets === 'string') return packets
    for (const packet of packets) {
      if (packet.kind === 'senderReport') {
        this.#lastReport = middle(packet.sender.ntp)
        this.#lastReportAt = now
      }
      if (packet.kind === 'bye') this.#left = true
      if (packet.kind !== 'senderReport' && packet.kind !== 'receiverReport') continue
      for (const block of packet.blocks) if (block.ssrc === this.#send.ssrc) this.#readBlock(block, now)
    }
    return undefined
  }

  #readBlock(block: ReportBlock, now: number): void {
    this.#remoteLost = Math.max(0, block.cumulativeLost)
    if (block.lastReport === 0) return
    const units = (middle(this.#ntp(now)) - block.lastReport - block.delay) | 0
    // A report that claims to answer the future, or something minutes old, is no measurement.
    if (units >= 0 && units < 60 * 65536) this.#roundTripMs = (units * 1000) / 65536
  }

  #contents(receive: ReceiveStream, now: number, bye: boolean): RtcpContents {
    const send = this.#send
    const sent = send.packets > this.#packetsAtReport
    this.#packetsAtReport = send.packets
    const sender = sent
      ? { ntp: this.#ntp(now), timestamp: send.timestamp, packets: send.packets, octets: send.octets }
      : undefined
    const block = receive.started ? this.#block(receive, now) : undefined
    return { ssrc: send.ssrc, sender, block, cname: this.#source.cname, bye }
  }

  #block(receive: ReceiveStream, now: number): ReportBlock {
    const known = this.#lastReport !== 0
    return {
      ssrc: receive.ssrc,
      fractionLost: receive.takeFractionLost(),
      cumulativeLost: receive.cumulativeLost,
      highestSequence: receive.highestSequence,
      jitter: receive.jitter,
      lastReport: this.#lastReport,
      delay: known ? Math.round((now - this.#lastReportAt) * 65.536) >>> 0 : 0,
    }
  }

  #interval(): number {
    return (minimumIntervalMs * (0.5 + this.#random())) / compensation
  }

  #ntp(now: number): NtpTime {
    const micros = this.#zeroMicros + now * 1000
    const seconds = Math.floor(micros / 1e6)
    return {
      seconds: (seconds + ntpOffset) >>> 0,
      fraction: Math.floor(((micros - seconds * 1e6) / 1e6) * 2 ** 32) >>> 0,
    }
  }
}

const middle = (ntp: NtpTime): number => ((ntp.seconds << 16) | (ntp.fraction >>> 16)) >>> 0
