// A leg: one RTP association with one phone. It speaks into its mix and hears it; outside any mix it sends silence, or the phone's own
// voice back, so that addresses stay known and phones stay calm.

import type { Codec } from '../codec/codec.ts'
import { codecs } from '../codec/codecs.ts'
import { frameSamples, silence } from '../dsp/frame.ts'
import { levelOf } from '../dsp/level.ts'
import { Limiter } from '../dsp/limiter.ts'
import { addTo } from '../dsp/mix.ts'
import { looksLikeRtcp } from '../rtp/packet.ts'
import { SendStream } from '../rtp/send-stream.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'
import type { EngineNotice, LegStatistics, Tone } from './engine.ts'
import { LegControl } from './leg-control.ts'
import { LegReceiver } from './leg-receiver.ts'
import { LegSender } from './leg-sender.ts'
import { LegTone } from './leg-tone.ts'
import type { Mixer, MixMember } from './mixer.ts'
import type { PortPair } from './packet-io.ts'
import type { SharedMix } from './shared-mix.ts'

export interface LegSettings {
  readonly id: string
  readonly ports: PortPair
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly wallMicros: () => number
  readonly notify: (notice: EngineNotice) => void
  readonly silence: SharedMix
  readonly mediaTimeoutMs: number
}

/** What exists once a plan is known. */
interface Media {
  readonly receiver: LegReceiver
  readonly control: LegControl
  sender: LegSender
  plan: MediaPlan
  codec: Codec
}

export class Leg implements MixMember {
  readonly #settings: LegSettings
  readonly #stream: SendStream
  readonly #limiter = new Limiter()
  readonly #sum = new Int32Array(frameSamples)
  readonly #out = new Int16Array(frameSamples)
  #media: Media | undefined
  #tone: LegTone | undefined
  /** The frame last sent, for its level. */
  #heard: Int16Array = silence
  #lost = false
  /** The mix it sits in; set by the engine. */
  mix: Mixer | undefined
  mutedIn = false
  mutedOut = false
  echo = false

  constructor(settings: LegSettings) {
    const { random } = settings
    this.#settings = settings
    this.#stream = new SendStream({
      ssrc: random() * 2 ** 32,
      sequence: random() * 2 ** 16,
      timestamp: random() * 2 ** 32,
    })
  }

  get id(): string {
    return this.#settings.id
  }

  get ports(): PortPair {
    return this.#settings.ports
  }

  get configured(): boolean {
    return this.#media !== undefined
  }

  get frame(): Int16Array {
    return this.#media?.receiver.frame ?? silence
  }

  configure(plan: MediaPlan, now: number): void {
    const codec = codecs[plan.codec]
    const media = this.#media
    if (media) {
      const sameSending = media.plan.ptimeMs === plan.ptimeMs && media.plan.sendPayloadType === plan.sendPayloadType
      media.receiver.configure(plan, media.codec === codec ? undefined : codec, now)
      media.control.configure(plan)
      if (media.codec !== codec || !sameSending) media.sender = this.#newSender(plan, codec)
      media.plan = plan
      media.codec = codec
      return
    }
    const { id, notify, random, wallMicros, ports } = this.#settings
    const receiver = new LegReceiver(plan, codec, {
      now,
      onDigit: (digit) => notify({ kind: 'digit', legId: id, ...digit }),
    })
    const start = { cname: `${id}@partyline`, random, now, wallMicros: wallMicros() }
    const control = new LegControl(ports, this.#stream, { plan, start })
    this.#media = { receiver, control, sender: this.#newSender(plan, codec), plan, codec }
  }

  receiveRtp(bytes: Uint8Array, source: Endpoint, now: number): void {
    if (!this.#media) return
    if (looksLikeRtcp(bytes)) this.receiveRtcp(bytes, source, now)
    else this.#media.receiver.receive(bytes, source, now)
  }

  receiveRtcp(bytes: Uint8Array, source: Endpoint, now: number): void {
    this.#media?.control.receive(bytes, source, { receiver: this.#media.receiver, now })
  }

  pull(now: number): boolean {
    const receiver = this.#media?.receiver
    if (!receiver?.pull(now)) return false
    return receiver.listens && !this.mutedIn
  }

  hear(sum: Int32Array, shared: SharedMix): void {
    if (this.mutedOut || !this.#mayHear()) {
      this.hearShared(shared)
      return
    }
    if (this.#tone) {
      this.#sum.set(sum)
      this.#finish(this.#sum)
    } else {
      this.#finish(sum)
    }
  }

  hearShared(shared: SharedMix): void {
    const media = this.#media
    if (!media) return
    if (!this.#mayHear()) {
      media.sender.pause()
      this.#heard = silence
      this.#endTone()
      return
    }
    const heard = this.mutedOut ? this.#settings.silence : shared
    this.#limiter.follow(heard.limiter)
    if (this.#tone) {
      this.#sum.fill(0)
      addTo(this.#sum, heard.pcm())
      this.#finish(this.#sum)
      return
    }
    this.#heard = heard.pcm()
    const to = media.receiver.sources.destination
    if (media.sender.takesShared && media.codec.facts.shareable)
      media.sender.sendShared(heard.payload(media.plan.codec), to)
    else media.sender.send(this.#heard, to)
  }

  /** A tick outside any mix. */
  tickAlone(now: number): void {
    const audible = this.pull(now)
    if (this.echo && audible && this.#mayHear() && !this.mutedOut) {
      this.#sum.fill(0)
      addTo(this.#sum, this.frame)
      this.#finish(this.#sum)
    } else {
      this.hearShared(this.#settings.silence)
    }
  }

  /** What is not audio: reports that are due, and whether the far end still lives. */
  tend(now: number): void {
    const media = this.#media
    if (!media) return
    media.control.tick(media.receiver, now)
    const silentMs = now - media.receiver.heardAt
    const { id, notify, mediaTimeoutMs } = this.#settings
    if (!this.#lost && media.receiver.listens && silentMs >= mediaTimeoutMs) {
      this.#lost = true
      notify({ kind: 'mediaLost', legId: id, silentMs: Math.round(silentMs) })
    } else if (this.#lost && silentMs < mediaTimeoutMs) {
      this.#lost = false
      notify({ kind: 'mediaBack', legId: id })
    }
  }

  /** Plays a tone instead of the one that may be playing. */
  play(tone: Tone, done: () => void): void {
    this.#endTone()
    if (!this.#media) {
      done()
      return
    }
    this.#tone = new LegTone(tone, done)
    if (this.#tone.ended) this.#endTone()
  }

  /** Nothing of the mix it left is to be heard any more. */
  hush(): void {
    this.#media?.sender.hush()
    this.#heard = silence
  }

  /** Says goodbye; the caller closes the ports. */
  close(now: number): void {
    this.#endTone()
    if (this.#media) this.#media.control.goodbye(this.#media.receiver, now)
  }

  statistics(): LegStatistics {
    const media = this.#media
    const receiver = media?.receiver
    return {
      packetsReceived: receiver?.received ?? 0,
      packetsSent: this.#stream.packets,
      packetsLost: receiver?.stream.lost ?? 0,
      packetsLate: receiver?.late ?? 0,
      packetsDuplicate: receiver?.stream.duplicates ?? 0,
      packetsForeign: receiver?.foreign ?? 0,
      packetsMalformed: receiver?.malformed ?? 0,
      jitterMs: receiver?.stream.jitterMs ?? 0,
      roundTripMs: media?.control.roundTripMs ?? -1,
      remoteLost: media?.control.remoteLost ?? 0,
      framesConcealed: receiver?.concealedFrames ?? 0,
      bufferFrames: receiver?.bufferFrames ?? 0,
      bufferTarget: receiver?.bufferTarget ?? 0,
      levelIn: levelOf(this.frame),
      levelOut: levelOf(this.#heard),
    }
  }

  /** Time passes that no tick could use: timestamps go on, so that no delay builds up at the far end. */
  skip(frames: number): void {
    for (let frame = 0; frame < frames; frame += 1) this.#media?.sender.pause()
  }

  #mayHear(): boolean {
    const direction = this.#media?.plan.direction
    return direction === 'sendrecv' || direction === 'sendonly'
  }

  /** Adds a tone, limits, sends. */
  #finish(sum: Int32Array): void {
    const media = this.#media
    if (!media) return
    this.#tone?.addTo(sum)
    this.#limiter.process(sum, this.#out)
    this.#heard = this.#out
    media.sender.send(this.#out, media.receiver.sources.destination)
    if (this.#tone?.ended) this.#endTone()
  }

  #endTone(): void {
    const tone = this.#tone
    this.#tone = undefined
    tone?.finish()
  }

  #newSender(plan: MediaPlan, codec: Codec): LegSender {
    return new LegSender(this.#settings.ports, this.#stream, {
      codec,
      payloadType: plan.sendPayloadType,
      ptimeMs: plan.ptimeMs,
    })
  }
}
