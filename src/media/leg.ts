// A leg: one RTP association with one phone. It speaks into its mix and hears it; outside any mix it sends silence, or the phone's own
// voice back, so that addresses stay known and phones stay calm.
import type { PcmRate } from '../codec/wide-codec.ts'
import { frameMs, samplesPerFrame } from '../dsp/frame.ts'
import { amplify, levelOf } from '../dsp/level.ts'
import { TalkDetector } from '../dsp/talk-detector.ts'
import { looksLikeRtcp } from '../rtp/packet.ts'
import { SendStream } from '../rtp/send-stream.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import type { Digit } from '../rtp/telephone-event.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'
import type { EncodingEffort } from './encoding-effort.ts'
import type { EngineNotice, LegStatistics, Tone } from './engine.ts'
import { KeyEvents } from './key-events.ts'
import type { KeyTiming } from './key-sequence.ts'
import { KeyTones } from './key-tones.ts'
import { LegControl } from './leg-control.ts'
import { formatOf, type LegFormat } from './leg-format.ts'
import { LegOverlay } from './leg-overlay.ts'
import { LegReceiver } from './leg-receiver.ts'
import { LegSecurity } from './leg-security.ts'
import { LegSender } from './leg-sender.ts'
import { type LegMedia, legStatistics } from './leg-statistics.ts'
import type { LegTap } from './leg-tap.ts'
import type { Heard, MixMember, MixRate, SharedFrame } from './mix-member.ts'
import type { Mixer } from './mixer.ts'
import type { PortPair } from './packet-io.ts'
import type { PacketScratch } from './packet-scratch.ts'
import type { Rest, Restful } from './rest.ts'
import type { Silences } from './silences.ts'

/** What all legs of an engine have in common. */
export interface LegSurroundings {
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly wallMicros: () => number
  readonly silences: Silences
  readonly scratch: PacketScratch
  readonly effort: EncodingEffort
  readonly mediaTimeoutMs: number
  /** Samples per second at which Opus is coded for phones that play as much. */
  readonly opusRate: PcmRate
}

export interface LegSettings {
  readonly id: string
  readonly ports: PortPair
  /** Undefined: a random one. */
  readonly firstSequence: number | undefined
  readonly notify: (notice: EngineNotice) => void
}

const noSamples = new Int16Array(0)

export class Leg implements MixMember, Restful {
  readonly id: string
  readonly ports: PortPair
  readonly #notify: (notice: EngineNotice) => void
  readonly #around: LegSurroundings
  readonly #stream: SendStream
  /** Made when something is heard, and when packets are to be protected. */
  #talk: TalkDetector | undefined
  #security: LegSecurity | undefined
  #media: LegMedia | undefined
  /** What is played to this phone alone. */
  #overlay: LegOverlay | undefined
  /** What is received outside a mix: one frame at the format's rate. Made there, and given back at rest. */
  #alone = noSamples
  /** What it was last sent: a shared frame, or the level of its own. */
  #lastHeard: Heard | undefined
  #levelOut = -127
  #levelIn = -127
  #gainIn = 1
  #lost = false
  /** Keys that are being sent, and how to stop them. */
  #keys: KeyEvents | undefined
  #stopKeys: (() => void) | undefined
  place = -1
  tap: LegTap | undefined
  /** The mix it sits in; set by the engine. */
  mix: Mixer | undefined
  gain = 1
  mutedIn = false
  mutedOut = false
  echo = false
  /** Whether the phone's keys are sent back as well. */
  echoKeys = false

  constructor(settings: LegSettings, around: LegSurroundings) {
    const { random } = around
    this.id = settings.id
    this.ports = settings.ports
    this.#notify = settings.notify
    this.#around = around
    this.#stream = new SendStream({
      ssrc: random() * 2 ** 32,
      // In the lower half: the far end sees the first rollover even when packets before it are lost (RFC 3711 §3.3.1).
      sequence: settings.firstSequence ?? random() * 2 ** 15,
      timestamp: random() * 2 ** 32,
    })
  }

  /** How its RTCP names it. */
  get cname(): string {
    return `${this.id}@partyline`
  }

  get security(): LegSecurity | undefined {
    return this.#security
  }

  /** Of the packet that it would send next. */
  get nextSequence(): number {
    return this.#stream.sequence
  }

  get configured(): boolean {
    return this.#media !== undefined
  }

  get speaks(): MixRate | 0 {
    return this.#media?.format.rate ?? 0
  }

  get hears(): MixRate | 0 {
    return this.speaks
  }

  /** @param inFactor of what the phone says; the factor of what it hears is `gain` */
  amplify(inFactor: number, outFactor: number): void {
    this.#gainIn = inFactor
    this.gain = outFactor
  }

  /** The format of a plan; the same object while it stays the same. Its codec must be prepared before `configure`. */
  formatFor(plan: MediaPlan): LegFormat {
    const format = formatOf(plan, this.#around.opusRate, this.#around.effort)
    const known = this.#media?.format
    return known?.key === format.key ? known : format
  }

  /** Sets or changes what was negotiated. The mix it is in must be told. */
  configure(plan: MediaPlan, now: number): void {
    const format = this.formatFor(plan)
    const media = this.#media
    const seal = this.#security?.seal
    if (plan.srtp) this.#security ??= new LegSecurity()
    this.#security?.configure(plan.srtp)
    if (!media) {
      this.#media = this.#begin(plan, format, now)
    } else {
      const sameFormat = media.format === format
      const { ptimeMs, sendPayloadType } = media.receiver.terms
      const sameSending = ptimeMs === plan.ptimeMs && sendPayloadType === plan.sendPayloadType
      media.receiver.configure(plan, sameFormat ? undefined : format, now)
      media.control.configure(plan)
      if (!sameFormat || !sameSending || seal !== this.#security?.seal) {
        media.sender.close()
        media.sender = this.#newSender(plan, format)
      }
      media.format = format
      if (sameFormat) return
    }
    this.#alone = noSamples
    this.#changeOverlay(format.rate)
    this.#around.silences.at(format.rate).expect(format)
  }

  receiveRtp(bytes: Uint8Array, source: Endpoint, now: number): void {
    if (!this.#media) return
    if (looksLikeRtcp(bytes)) this.receiveRtcp(bytes, source, now)
    else this.#media.receiver.receive(bytes, source, now)
  }

  receiveRtcp(bytes: Uint8Array, source: Endpoint, now: number): void {
    this.#media?.control.receive(bytes, source, { receiver: this.#media.receiver, now })
  }

  pull(out: Int16Array, now: number): boolean {
    const receiver = this.#media?.receiver
    if (!receiver) return false
    if (this.#overlay) this.#overlay.now = now
    const audible = receiver.pull(out, now)
    this.#levelIn = audible ? levelOf(out) : -127
    const heard = audible && receiver.listens && !this.mutedIn
    if (heard && this.#gainIn !== 1) amplify(out, this.#gainIn)
    if (heard) this.tap?.fromPhone(out)
    this.#detect(heard ? this.#levelIn : -127)
    return heard
  }

  #detect(level: number): void {
    if (!this.#talk && level === -127) return
    this.#talk ??= new TalkDetector()
    if (this.#talk.frame(level)) this.#notify({ kind: 'talking', legId: this.id, talking: this.#talk.talking })
  }

  /** Its phone sent a key. */
  keyed({ digit, durationMs }: Digit): void {
    this.#notify({ kind: 'digit', legId: this.id, digit, durationMs })
    if (this.echo && this.echoKeys) this.#queueKeys(digit, { durationMs, intervalMs: 0 })
  }

  push(heard: Heard): void {
    this.#hear(heard)
    this.tap?.flush()
  }

  #hear(heard: Heard): void {
    const media = this.#media
    if (!media) return
    if (this.#keys && this.#mayHear() && this.#sendKey(this.#keys, media)) return
    if (!this.#mayHear()) {
      media.sender.pause()
      this.#lastHeard = undefined
      this.#levelOut = -127
      this.#overlay?.endTone()
      return
    }
    const frame = this.mutedOut ? this.#around.silences.at(media.format.rate) : heard
    this.#lastHeard = frame
    if (this.#overlay?.active) {
      this.#lastHeard = undefined
      this.#send(this.#overlay.over(frame.pcm()))
    } else if (frame.shared) {
      if (this.tap?.overhears) this.tap.toPhone(frame.pcm())
      media.sender.sendShared(frame.shared, media.receiver.sources.destination)
    } else {
      this.#send(frame.pcm())
    }
  }

  settle(shared: SharedFrame): void {
    this.#alone = noSamples
    if (this.#media) shared.expect(this.#media.format)
  }

  get restful(): Restful {
    return this
  }

  get format(): LegFormat | undefined {
    return this.#media?.format
  }

  rest(rest: Rest, now: number): boolean {
    const media = this.#media
    if (!media || !this.#isListener(media) || !media.receiver.quiet) return false
    // Nobody will for a while.
    this.tend(now)
    if (!media.sender.rest(rest, media.receiver.sources.destination) || !media.receiver.rest(rest)) return false
    this.#alone = noSamples
    rest.frames = Math.min(rest.frames, Math.max(1, Math.floor((media.control.dueAt - now) / frameMs)))
    return true
  }

  resume(rest: Rest): void {
    this.#media?.receiver.wake(rest)
    this.#media?.sender.wake(rest.sent)
  }

  /** Ends its rest: it is about to change, or to be asked what happened. */
  wake(): void {
    if (this.place >= 0) this.mix?.wake(this)
  }

  /** A tick outside any mix. */
  tickAlone(now: number): void {
    if (!this.#media) return
    const { rate } = this.#media.format
    if (this.#alone === noSamples) this.#alone = new Int16Array(samplesPerFrame(rate))
    const audible = this.pull(this.#alone, now)
    const echoes = this.echo && audible && !this.mutedOut && this.#mayHear()
    if (echoes && !this.#overlay?.active && !this.#keys) {
      this.#send(this.#alone)
      this.tap?.flush()
    } else this.push(this.#around.silences.at(rate))
  }

  /** What is not audio: reports that are due, and whether the far end still lives. */
  tend(now: number): void {
    const media = this.#media
    if (!media) return
    media.control.tick(media.receiver, now)
    this.tap?.tend(now)
    const silentMs = now - media.receiver.heardAt
    const { mediaTimeoutMs } = this.#around
    const legId = this.id
    if (!this.#lost && media.receiver.listens && silentMs >= mediaTimeoutMs) {
      this.#lost = true
      this.#notify({ kind: 'mediaLost', legId, silentMs: Math.round(silentMs) })
    } else if (this.#lost && silentMs < mediaTimeoutMs) {
      this.#lost = false
      this.#notify({ kind: 'mediaBack', legId })
    }
  }

  /** Plays a tone instead of the one that may be playing. */
  play(tone: Tone, done: () => void): void {
    if (this.#media) this.#overlayNow().play(tone, done)
    else done()
  }

  /** Sends keys instead of those that may be under way: by RFC 4733, or as tones when the far end did not agree to that. */
  sendKeys(keys: KeyTiming & { readonly digits: string }, done: () => void): void {
    this.#stopKeys?.()
    const terms = this.#media?.receiver.terms
    if (terms === undefined || keys.digits === '') done()
    else if (terms.sendEventPayloadType === undefined) this.#playKeys(keys, done)
    else this.#queueKeys(keys.digits, keys, done)
  }

  /** The rate at which something played to this phone alone is best. */
  get rate(): MixRate {
    return this.#media?.format.rate ?? 8000
  }

  /** Plays a member to this phone alone, on top of all else. While the phone is on hold it stands still. */
  add(member: MixMember): void {
    this.wake()
    this.#overlayNow().add(member)
  }

  remove(member: MixMember): void {
    this.#overlay?.remove(member)
  }

  /** Nothing of the mix it left is to be heard any more. */
  hush(): void {
    this.#media?.sender.hush()
    this.#lastHeard = undefined
    this.#levelOut = -127
  }

  /** Says goodbye; the caller closes the ports. */
  close(now: number): void {
    this.#overlay?.endTone()
    this.#stopKeys?.()
    const media = this.#media
    if (!media) return
    media.control.goodbye(media.receiver, now)
    media.sender.close()
    media.receiver.close()
    this.#media = undefined
  }

  statistics(): LegStatistics {
    const shared = this.#lastHeard?.shared
    return legStatistics(this.#media, {
      packetsSent: this.#stream.packets,
      packetsUnauthentic: this.#security?.unauthentic ?? 0,
      packetsReplayed: this.#security?.replayed ?? 0,
      levelIn: this.#levelIn,
      levelOut: shared ? levelOf(shared.pcm()) : this.#levelOut,
      talking: this.#talk?.talking ?? false,
      limiterReductionDb: this.#lastHeard?.reductionDb ?? 0,
    })
  }

  /** Time passes that no tick could use: timestamps go on, so that no delay builds up at the far end. */
  skip(frames: number): void {
    for (let frame = 0; frame < frames; frame += 1) this.#media?.sender.skip()
    this.tap?.skip(frames)
  }

  /** Does it hear what all hear, and nothing else goes on? */
  #isListener({ receiver }: LegMedia): boolean {
    const alone = !this.#keys && !this.tap && !this.mutedOut && !this.#overlay?.active
    return alone && !this.#lost && !this.#talk?.talking && receiver.listens && this.#mayHear()
  }

  #mayHear(): boolean {
    return this.#media?.receiver.terms.speaks === true
  }

  #send(frame: Int16Array): void {
    const media = this.#media
    if (!media) return
    this.#levelOut = levelOf(frame)
    if (frame === this.#alone) this.#lastHeard = undefined
    this.tap?.toPhone(frame)
    media.sender.send(frame, media.receiver.sources.destination)
  }

  #queueKeys(digits: string, timing: KeyTiming, done?: () => void): void {
    const keys = this.#keys ?? new KeyEvents()
    keys.add(digits, timing, done)
    this.#keys = keys
    this.#stopKeys = () => {
      keys.cut()
      keys.finish()
    }
  }

  #playKeys(keys: KeyTiming & { readonly digits: string }, done: () => void): void {
    const stop = (): void => {
      this.remove(tones)
      this.#stopKeys = undefined
      done()
    }
    const tones = new KeyTones(this.rate, keys, stop)
    this.#stopKeys = stop
    this.add(tones)
  }

  /** The next 20 ms of the keys; false when they leave it to audio. */
  #sendKey(keys: KeyEvents, media: LegMedia): boolean {
    const { sendEventPayloadType } = media.receiver.terms
    const clockRate = media.format.codec.facts.clockRate
    const next = sendEventPayloadType === undefined ? 'ended' : keys.next(sendEventPayloadType, clockRate)
    if (next === 'ended') {
      this.#keys = undefined
      this.#stopKeys = undefined
      keys.finish()
    }
    if (typeof next === 'string') return false
    media.sender.sendEvent(next, media.receiver.sources.destination)
    return true
  }

  #overlayNow(): LegOverlay {
    this.#overlay ??= new LegOverlay(this.rate)
    return this.#overlay
  }

  /** With the rate changes what is played; a tone ends, members go on. */
  #changeOverlay(rate: MixRate): void {
    const before = this.#overlay
    if (!before || before.rate === rate) return
    this.#overlay = new LegOverlay(rate)
    before.endTone()
    for (const member of before.members) this.#overlay.add(member)
  }

  #begin(plan: MediaPlan, format: LegFormat, now: number): LegMedia {
    const { random, wallMicros, scratch } = this.#around
    const receiver = new LegReceiver(plan, format, { now, leg: this, scratch })
    const start = { source: this, random, now, wallMicros: wallMicros() }
    const control = new LegControl(this, this.#stream, { plan, start, scratch })
    return { receiver, control, sender: this.#newSender(plan, format), format }
  }

  #newSender(plan: MediaPlan, format: LegFormat): LegSender {
    const { scratch } = this.#around
    const { sendPayloadType: payloadType, ptimeMs } = plan
    const settings = { format, payloadType, ptimeMs, scratch, seal: this.#security?.seal }
    return new LegSender(this.ports, this.#stream, settings)
  }
}
