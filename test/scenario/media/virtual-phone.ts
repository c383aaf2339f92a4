// A phone of the studio: sends a tone, a recording or nothing on its own clock, and keeps every sample that it is sent.
import type { PcmRate, WideDecoder, WideEncoder } from '../../../src/codec/wide-codec.ts'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { ToneGenerator } from '../../../src/dsp/tone.ts'
import { formatOf, type LegFormat } from '../../../src/media/leg-format.ts'
import { looksLikeRtcp, PacketView, writeHeader } from '../../../src/rtp/packet.ts'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import type { Studio } from './studio.ts'

export interface PhoneOptions {
  readonly name: string
  readonly port: number
  readonly legPort: number
  readonly plan: Partial<MediaPlan>
  readonly opusRate: 8000 | 16_000 | 48_000
}

export interface SpeakOptions {
  readonly frequency: number
  /** dBov of the sine; −3 is full scale. */
  readonly level?: number
  /** Milliseconds before the first packet. */
  readonly phaseMs?: number
  /** Parts per million that the phone's clock runs fast. */
  readonly skewPpm?: number
  readonly ptimeMs?: number
}

interface HeardPacket {
  readonly sequence: number
  readonly timestamp: number
  readonly marker: boolean
  readonly at: number
  readonly samples: number
}

export class VirtualPhone {
  readonly name: string
  readonly port: number
  readonly plan: MediaPlan
  readonly format: LegFormat
  /** Samples per second of what it says and hears. */
  readonly rate: PcmRate
  readonly control: Uint8Array[] = []
  readonly packets: HeardPacket[] = []
  /** What it was sent, coded. */
  readonly payloads: Uint8Array[] = []
  readonly #studio: Studio
  readonly #encoder: WideEncoder
  readonly #decoder: WideDecoder
  readonly #payload = new Uint8Array(5760)
  /** Where its leg listens for RTP. */
  readonly legPort: number
  #heard = new Int16Array(8000)
  #length = 0
  #speaking = 0
  /** RTCP datagrams that came to the RTP port. */
  muxedControl = 0
  ssrc: number
  sequence: number
  timestamp: number
  address = '198.51.100.7'

  constructor(studio: Studio, options: PhoneOptions) {
    this.#studio = studio
    this.name = options.name
    this.port = options.port
    this.legPort = options.legPort
    this.ssrc = Math.floor(studio.random() * 2 ** 32)
    this.sequence = Math.floor(studio.random() * 2 ** 16)
    this.timestamp = Math.floor(studio.random() * 2 ** 32)
    const codec = options.plan.codec ?? 'PCMU'
    const payloadType = { opus: 111, G722: 9, PCMU: 0, PCMA: 8, L16: 112 }[codec]
    const remote = { address: this.address, rtpPort: options.port, rtcpPort: options.port + 1 }
    const base = {
      codec,
      sendPayloadType: payloadType,
      receivePayloadType: payloadType,
      ptimeMs: 20,
      direction: 'sendrecv',
    } as const
    this.plan = { ...base, sendEventPayloadType: 101, receiveEventPayloadType: 101, remote, ...options.plan }
    this.format = formatOf(this.plan, options.opusRate)
    this.rate = this.format.rate
    this.#encoder = this.format.codec.createEncoder(this.rate, this.format.settings)
    this.#decoder = this.format.codec.createDecoder(this.rate)
  }

  /** Everything heard so far, or since a position from `mark()`. */
  heard(since = 0): Int16Array {
    return this.#heard.subarray(since, this.#length)
  }

  mark(): number {
    return this.#length
  }

  /** dBov of a tone in what was heard since a mark. */
  level(frequency: number, since: number): number {
    return toneLevel(this.heard(since), { frequency, sampleRate: this.rate })
  }

  /** Lets go of everything heard so far. */
  forget(): void {
    this.#length = 0
    this.packets.length = 0
    this.payloads.length = 0
    this.control.length = 0
  }

  /** Puts samples in front of what it will hear. */
  keep(pcm: Int16Array): void {
    this.#heard.set(pcm, this.#length)
    this.#length += pcm.length
  }

  /** Begins to send a tone, one packet every ptime by its own clock. */
  speak(options: SpeakOptions): void {
    const { frequency, level = -13, phaseMs = 0, skewPpm = 0, ptimeMs = 20 } = options
    const tone = new ToneGenerator({ frequency, sampleRate: this.rate, levelDbov: level })
    const frame = new Int16Array((this.rate * ptimeMs) / 1000)
    this.#speaking += 1
    const turn = this.#speaking
    let marker = true
    const next = (): void => {
      if (this.#speaking !== turn) return
      tone.fill(frame)
      this.send(frame, marker)
      marker = false
      this.#studio.after(ptimeMs / (1 + skewPpm / 1e6), next)
    }
    this.#studio.after(phaseMs, next)
  }

  hushed(): void {
    this.#speaking += 1
  }

  /** Sends PCM as one packet. */
  send(pcm: Int16Array, marker = false): void {
    const length = this.#encoder.encode(pcm, this.#payload, 0)
    this.sendPayload(this.#payload.slice(0, length), { marker, payloadType: this.plan.receivePayloadType })
    this.timestamp = (this.timestamp + (pcm.length * this.format.codec.facts.clockRate) / this.rate) >>> 0
  }

  sendPayload(payload: Uint8Array, header: { readonly marker: boolean; readonly payloadType: number }): void {
    const bytes = new Uint8Array(12 + payload.length)
    writeHeader(bytes, { ...header, sequence: this.sequence, timestamp: this.timestamp, ssrc: this.ssrc })
    bytes.set(payload, 12)
    this.sequence = (this.sequence + 1) & 0xffff
    this.#studio.deliver(this.legPort, bytes, { address: this.address, port: this.port })
  }

  sendControl(bytes: Uint8Array): void {
    this.#studio.arrive(this.legPort + 1, bytes, { address: this.address, port: this.port + 1 })
  }

  hear(bytes: Uint8Array, now: number): void {
    const packet = new PacketView()
    if (looksLikeRtcp(bytes)) this.muxedControl += 1
    if (looksLikeRtcp(bytes) || packet.parse(bytes) !== undefined) return
    const { sequence, timestamp, marker, payloadLength, payloadOffset } = packet
    const payload = { bytes: bytes.subarray(payloadOffset), length: payloadLength }
    const samples = this.#decoder.samplesIn(payload)
    this.packets.push({ sequence, timestamp, marker, at: now, samples })
    this.payloads.push(payload.bytes.slice())
    if (this.#length + samples > this.#heard.length) {
      const more = new Int16Array(this.#heard.length * 2 + samples)
      more.set(this.#heard)
      this.#heard = more
    }
    this.#length += this.#decoder.decode(payload, this.#heard, this.#length)
  }
}
