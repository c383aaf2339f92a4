// What comes from one phone: source check, parsing, stream statistics, events taken out, and a frame per tick from the playout.
import type { WideDecoder } from '../codec/wide-codec.ts'
import { isAudible } from '../dsp/mix.ts'
import type { PacketView } from '../rtp/packet.ts'
import { maxFrames, Playout } from '../rtp/playout.ts'
import { ReceiveStream } from '../rtp/receive-stream.ts'
import type { SilentRun } from '../rtp/silent-run.ts'
import { type Endpoint, SourceCheck } from '../rtp/source-check.ts'
import { type Digit, TelephoneEventReceiver } from '../rtp/telephone-event.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'
import type { LegFormat } from './leg-format.ts'
import type { PacketScratch } from './packet-scratch.ts'

/** Opens packets that were protected on their way (SRTP), in place. */
export interface PacketOpener {
  /** Undefined for a packet that is to be dropped; it was counted. */
  openRtp(datagram: Uint8Array): Uint8Array | undefined
}

/** Whom it receives for. */
export interface ReceivingLeg {
  /** Absent while packets come as they are. */
  readonly security: PacketOpener | undefined
  keyed(digit: Digit): void
}

export interface ReceiverSettings {
  readonly now: number
  readonly leg: ReceivingLeg
  readonly scratch: PacketScratch
}

/** What is kept of a plan: the rest is said once, and a plan that came from another thread shares nothing with any other. */
export interface Terms {
  readonly sendPayloadType: number
  readonly receivePayloadType: number
  readonly sendEventPayloadType: number | undefined
  readonly receiveEventPayloadType: number | undefined
  readonly ptimeMs: number
  /** May the far end be listened to, and spoken to? */
  readonly listens: boolean
  readonly speaks: boolean
}

export class LegReceiver {
  readonly stream: ReceiveStream
  readonly sources: SourceCheck
  readonly #scratch: PacketScratch
  readonly #leg: ReceivingLeg
  /** Absent while packets come as they are. */
  #opener: PacketOpener | undefined
  /** Made when the first event comes. */
  #events: TelephoneEventReceiver | undefined
  #decoder: WideDecoder
  #playout: Playout
  #terms: Terms
  #received = 0
  #foreign = 0
  #malformed = 0
  #late = 0
  #concealed = 0
  #heardAt: number
  /** Frames of digital silence in a row. */
  #silent = 0

  constructor(plan: MediaPlan, format: LegFormat, settings: ReceiverSettings) {
    const { clockRate } = format.codec.facts
    this.#terms = termsOf(plan)
    this.#scratch = settings.scratch
    this.#leg = settings.leg
    this.#opener = plan.srtp && settings.leg.security
    this.stream = new ReceiveStream(clockRate)
    this.sources = new SourceCheck(rtpEndpoint(plan))
    this.#decoder = format.codec.createDecoder(format.rate)
    this.#playout = newPlayout(this.#decoder, format, this.#scratch)
    this.#heardAt = settings.now
  }

  get terms(): Terms {
    return this.#terms
  }

  get received(): number {
    return this.#received
  }

  get foreign(): number {
    return this.#foreign
  }

  get malformed(): number {
    return this.#malformed
  }

  get late(): number {
    return this.#late + this.#playout.late
  }

  get concealedFrames(): number {
    return this.#concealed + this.#playout.concealedFrames
  }

  get bufferFrames(): number {
    return this.#playout.depth
  }

  get bufferTarget(): number {
    return this.#playout.target
  }

  /** Frames that are never exceeded. */
  get bufferLimit(): number {
    return maxFrames
  }

  get bufferDelayMs(): number {
    return this.#playout.delayMs
  }

  /** When anything was last heard of the far end, RTP or RTCP; monotonic milliseconds. */
  get heardAt(): number {
    return this.#heardAt
  }

  get listens(): boolean {
    return this.#terms.listens
  }

  /** So long silent that it will likely stay so. */
  get quiet(): boolean {
    return this.#silent >= restFrames
  }

  /** A new outcome of negotiation; `format` is given when it is another one. */
  configure(plan: MediaPlan, format: LegFormat | undefined, now: number): void {
    const listened = this.listens
    this.#terms = termsOf(plan)
    this.#opener = plan.srtp && this.#leg.security
    this.sources.signal(rtpEndpoint(plan))
    if (format) {
      this.#late += this.#playout.late
      this.#concealed += this.#playout.concealedFrames
      this.#decoder.close()
      this.#decoder = format.codec.createDecoder(format.rate)
      this.#playout = newPlayout(this.#decoder, format, this.#scratch)
      this.stream.clockRate = format.codec.facts.clockRate
      this.#events = undefined
    } else if (listened !== this.listens) {
      this.#playout.restart()
    }
    if (this.listens && !listened) this.#heardAt = now
  }

  /** RTCP was heard. */
  heard(now: number): void {
    this.#heardAt = now
  }

  /** RTCP that cannot be read, or that somebody else sent. */
  refuse(reason: 'foreign' | 'malformed'): void {
    if (reason === 'foreign') this.#foreign += 1
    else this.#malformed += 1
  }

  receive(datagram: Uint8Array, source: Endpoint, now: number): void {
    const packet = this.#scratch.received
    const opener = this.#opener
    const bytes = opener ? opener.openRtp(datagram) : datagram
    if (bytes === undefined) return
    if (packet.parse(bytes) !== undefined) {
      this.refuse('malformed')
      return
    }
    const isEvent = packet.payloadType === this.#terms.receiveEventPayloadType
    const fits = isEvent || packet.payloadType === this.#terms.receivePayloadType
    const proven = fits || this.sources.latched !== undefined
    if (!proven || !this.sources.accept(source, packet, now)) {
      this.refuse('foreign')
      return
    }
    this.#heardAt = now
    this.#received += 1
    const arrival = this.stream.receive(packet)
    if (arrival === 'duplicate' || arrival === 'jump') return
    if (arrival === 'restart') this.#playout.restart()
    if (isEvent) this.#takeEvent(packet, now)
    else if (fits) this.#takeAudio(packet, now)
    else this.#playout.skip(packet.sequence)
  }

  /** Fills `frame` at the format's rate and returns true; or false when there is nothing to be heard. */
  pull(frame: Int16Array, now: number): boolean {
    this.#events?.tick(now)
    const kind = this.#playout.pull(frame, now)
    this.#silent = kind === 'silence' ? this.#silent + 1 : 0
    return kind !== 'silence' && kind !== 'idle' && isAudible(frame)
  }

  /** Leaves what comes in to a run of silence; false, and nothing changed, when there is something to be looked at. */
  rest(run: SilentRun): boolean {
    const { latched } = this.sources
    if (!this.listens || this.#opener || latched === undefined) return false
    run.payloadType = this.#terms.receivePayloadType
    return this.stream.rest(run) && this.#playout.rest(run)
  }

  /** Goes on after a run. */
  wake(run: SilentRun): void {
    this.#playout.wake(run)
    this.stream.wake(run)
    this.#silent += run.played
    this.#received += run.received
    if (run.received === 0) return
    this.sources.pass((run.sequence - 1) & 0xffff, run.lastArrival)
    this.#heardAt = Math.max(this.#heardAt, run.lastArrival)
  }

  close(): void {
    this.#decoder.close()
  }

  #takeEvent(packet: PacketView, now: number): void {
    this.#events ??= new TelephoneEventReceiver(this.stream.clockRate, (digit) => this.#leg.keyed(digit))
    if (!this.#events.receive(packet, now)) this.refuse('malformed')
    this.#playout.skip(packet.sequence)
  }

  #takeAudio(packet: PacketView, now: number): void {
    this.stream.measureJitter(packet.timestamp, now)
    if (this.listens) this.#playout.insert(packet, now)
  }
}

function newPlayout(decoder: WideDecoder, format: LegFormat, { slots }: PacketScratch): Playout {
  const { clockRate, variable } = format.codec.facts
  return new Playout(decoder, { clockRate, fillsPauses: variable }, slots)
}

/** Half a second of silence, after which more of it is likely. */
const restFrames = 25

function termsOf(plan: MediaPlan): Terms {
  const { direction } = plan
  return {
    sendPayloadType: plan.sendPayloadType,
    receivePayloadType: plan.receivePayloadType,
    sendEventPayloadType: plan.sendEventPayloadType,
    receiveEventPayloadType: plan.receiveEventPayloadType,
    ptimeMs: plan.ptimeMs,
    listens: direction === 'sendrecv' || direction === 'recvonly',
    speaks: direction === 'sendrecv' || direction === 'sendonly',
  }
}

const rtpEndpoint = (plan: MediaPlan): Endpoint => ({ address: plan.remote.address, port: plan.remote.rtpPort })
