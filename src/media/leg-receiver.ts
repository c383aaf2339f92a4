// What comes from one phone: source check, parsing, stream statistics, events taken out, and a frame per tick from the playout.
import type { Codec } from '../codec/codec.ts'
import { frameMs, frameSamples } from '../dsp/frame.ts'
import { isAudible } from '../dsp/mix.ts'
import { PacketView } from '../rtp/packet.ts'
import { Playout } from '../rtp/playout.ts'
import { ReceiveStream } from '../rtp/receive-stream.ts'
import { type Endpoint, SourceCheck } from '../rtp/source-check.ts'
import { type Digit, TelephoneEventReceiver } from '../rtp/telephone-event.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'

export class LegReceiver {
  /** The last frame pulled; silence when there was none. */
  readonly frame = new Int16Array(frameSamples)
  readonly stream: ReceiveStream
  readonly sources: SourceCheck
  readonly #packet = new PacketView()
  readonly #events: TelephoneEventReceiver
  #playout: Playout
  #plan: MediaPlan
  #received = 0
  #foreign = 0
  #malformed = 0
  #late = 0
  #concealed = 0
  #heardAt: number

  constructor(
    plan: MediaPlan,
    codec: Codec,
    options: { readonly now: number; readonly onDigit: (digit: Digit) => void },
  ) {
    this.#plan = plan
    this.stream = new ReceiveStream(codec.facts.clockRate)
    this.sources = new SourceCheck(rtpEndpoint(plan))
    this.#events = new TelephoneEventReceiver(codec.facts.clockRate, options.onDigit)
    this.#playout = newPlayout(codec)
    this.#heardAt = options.now
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

  /** When anything was last heard of the far end, RTP or RTCP; monotonic milliseconds. */
  get heardAt(): number {
    return this.#heardAt
  }

  get listens(): boolean {
    return this.#plan.direction === 'sendrecv' || this.#plan.direction === 'recvonly'
  }

  /** A new outcome of negotiation; `codec` is given when it is another one. */
  configure(plan: MediaPlan, codec: Codec | undefined, now: number): void {
    const listened = this.listens
    this.#plan = plan
    this.sources.signal(rtpEndpoint(plan))
    if (codec) {
      this.#late += this.#playout.late
      this.#concealed += this.#playout.concealedFrames
      this.#playout = newPlayout(codec)
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

  receive(bytes: Uint8Array, source: Endpoint, now: number): void {
    const packet = this.#packet
    if (packet.parse(bytes) !== undefined) {
      this.refuse('malformed')
      return
    }
    const isEvent = packet.payloadType === this.#plan.receiveEventPayloadType
    const fits = isEvent || packet.payloadType === this.#plan.receivePayloadType
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
    if (isEvent) this.#takeEvent(now)
    else if (fits) this.#takeAudio(now)
    else this.#playout.skip(packet.sequence)
  }

  /** Fills `frame`; returns whether there is anything to be heard in it. */
  pull(now: number): boolean {
    this.#events.tick(now)
    return this.#playout.pull(this.frame, now) !== 'idle' && isAudible(this.frame)
  }

  #takeEvent(now: number): void {
    if (!this.#events.receive(this.#packet, now)) this.refuse('malformed')
    this.#playout.skip(this.#packet.sequence)
  }

  #takeAudio(now: number): void {
    this.stream.measureJitter(this.#packet.timestamp, now)
    if (this.listens) this.#playout.insert(this.#packet, now)
  }
}

const newPlayout = (codec: Codec): Playout => new Playout(codec.createDecoder(), { frameSamples, frameMs })

const rtpEndpoint = (plan: MediaPlan): Endpoint => ({ address: plan.remote.address, port: plan.remote.rtpPort })
