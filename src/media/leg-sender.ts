// What goes to one phone: frames become packets of the negotiated length. Buffers are made once and used in turn.
import type { Codec, Encoder } from '../codec/codec.ts'
import { frameSamples } from '../dsp/frame.ts'
import { headerLength, writeHeader } from '../rtp/packet.ts'
import type { SendStream } from '../rtp/send-stream.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import { type PortPair, sendDepth } from './packet-io.ts'

export interface SenderSettings {
  readonly codec: Codec
  readonly payloadType: number
  readonly ptimeMs: number
}

export class LegSender {
  readonly #ports: PortPair
  readonly #stream: SendStream
  readonly #encoder: Encoder
  readonly #buffers: Uint8Array[] = []
  #turn = 0
  /** One packet's worth of samples, and how much of it is filled; unused when a packet is a frame. */
  readonly #packet: Int16Array
  #filled = 0
  readonly #whole: boolean
  readonly #payloadType: number

  constructor(ports: PortPair, stream: SendStream, settings: SenderSettings) {
    const { codec } = settings
    this.#ports = ports
    this.#stream = stream
    this.#encoder = codec.createEncoder()
    this.#payloadType = settings.payloadType
    const samples = (codec.facts.sampleRate * packetTime(settings.ptimeMs)) / 1000
    this.#whole = samples === frameSamples
    this.#packet = new Int16Array(samples)
    const length = headerLength + (codec.facts.frameBytes * samples) / frameSamples
    for (let index = 0; index < sendDepth; index += 1) this.#buffers.push(new Uint8Array(length))
  }

  /** Can it send a payload that was encoded for everyone? */
  get takesShared(): boolean {
    return this.#whole
  }

  /** Sends one frame's payload as it is. */
  sendShared(payload: Uint8Array, to: Endpoint): void {
    const buffer = this.#nextBuffer()
    buffer.set(payload, headerLength)
    this.#send(buffer, frameSamples, to)
  }

  /** Encodes and sends one frame. */
  send(frame: Int16Array, to: Endpoint): void {
    if (this.#whole) {
      this.#encodeAndSend(frame, to)
      return
    }
    for (let index = 0; index < frame.length; index += 1) {
      this.#packet[this.#filled] = frame[index] ?? 0
      this.#filled += 1
      if (this.#filled < this.#packet.length) continue
      this.#filled = 0
      this.#encodeAndSend(this.#packet, to)
    }
  }

  /** A frame's time passes in which nothing may be sent. */
  pause(): void {
    this.#stream.pause(frameSamples + this.#filled)
    this.#filled = 0
  }

  /** What waits for its packet to fill is not to be heard any more. */
  hush(): void {
    this.#packet.fill(0, 0, this.#filled)
  }

  #encodeAndSend(pcm: Int16Array, to: Endpoint): void {
    const buffer = this.#nextBuffer()
    this.#encoder.encode(pcm, buffer, headerLength)
    this.#send(buffer, pcm.length, to)
  }

  #nextBuffer(): Uint8Array {
    this.#turn = (this.#turn + 1) % sendDepth
    return this.#buffers[this.#turn] ?? new Uint8Array(headerLength)
  }

  #send(buffer: Uint8Array, samples: number, to: Endpoint): void {
    this.#stream.payloadType = this.#payloadType
    writeHeader(buffer, this.#stream)
    this.#ports.sendRtp(buffer, to)
    this.#stream.sent(samples, buffer.length - headerLength)
  }
}

/** Packet lengths are tens of milliseconds from 10 to 60; anything else becomes the nearest. */
const packetTime = (ptimeMs: number): number => Math.max(10, Math.min(60, Math.round(ptimeMs / 10) * 10)) || 20
