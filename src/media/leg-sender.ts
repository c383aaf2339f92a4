// What goes to one phone: frames become packets of the negotiated length, from a payload that is shared or from an encoder of its own.
// A phone whose codec remembers is moved between encoders so that it does not notice.
import type { WideCodec } from '../codec/wide-codec.ts'
import { samplesPerFrame } from '../dsp/frame.ts'
import { headerLength, writeHeader } from '../rtp/packet.ts'
import type { SendStream } from '../rtp/send-stream.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import { Encoding, samePayload } from './encoding.ts'
import { type EventPacket, eventLength } from './key-events.ts'
import { type LegFormat, payloadRoom } from './leg-format.ts'
import type { SharedFrame } from './mix-member.ts'
import type { PortPair } from './packet-io.ts'
import type { PacketScratch } from './packet-scratch.ts'
import type { Rest } from './rest.ts'

/** Protects packets before they leave (SRTP): in place, `rtpOverhead` octets longer at most. */
export interface PacketSeal {
  readonly rtpOverhead: number
  /** Protects the first `length` octets and returns the new length. */
  protectRtp(packet: Uint8Array, length: number): number
}

export interface SenderSettings {
  readonly format: LegFormat
  readonly payloadType: number
  readonly ptimeMs: number
  readonly scratch: PacketScratch
  readonly seal?: PacketSeal | undefined
}

/** A phone goes back to a shared encoding when its own gave the same payload so often in a row. */
const sameFrames = 3
/** Or else after so many frames of the same sound, once it does not matter. */
const lingerFrames = 50
/** Samples of a pause in which nobody hears that a decoder was surprised: −50 dBFS. */
const pausePeak = 100

const noSamples = new Int16Array(0)
const nowhere: Endpoint = { address: '', port: 0 }

export class LegSender {
  readonly #ports: PortPair
  readonly #stream: SendStream
  readonly #seal: PacketSeal | undefined
  readonly #format: LegFormat
  /** Made when there is something to be encoded for this phone alone, except where making an encoder takes long. */
  #own: Encoding | undefined
  readonly #scratch: PacketScratch
  /** Octets that a packet may need. */
  readonly #room: number
  /** One packet's worth of samples, and how much of it is filled; unused when a packet is a frame. */
  readonly #packet: Int16Array
  #filled = 0
  readonly #whole: boolean
  readonly #payloadType: number
  /** Units of the RTP clock per sample. */
  readonly #units: number
  /** The shared encoding whose payloads the phone gets; its own while absent. */
  #followed: Encoding | undefined
  #lingered = 0
  #same = 0
  #to: Endpoint = nowhere
  /** When the event that is being sent began, RTP timestamp. */
  #eventBegan = 0

  constructor(ports: PortPair, stream: SendStream, settings: SenderSettings) {
    const { format, seal } = settings
    const { facts } = format.codec
    this.#ports = ports
    this.#stream = stream
    this.#seal = seal
    this.#format = format
    this.#own = facts.shareable === 'stream' ? new Encoding(format) : undefined
    this.#payloadType = settings.payloadType
    this.#units = facts.clockRate / format.rate
    const ptimeMs = packetTime(settings.ptimeMs, format.codec)
    this.#whole = ptimeMs === 20
    this.#packet = this.#whole ? noSamples : new Int16Array((format.rate * ptimeMs) / 1000)
    this.#scratch = settings.scratch
    this.#room = headerLength + payloadRoom(format, ptimeMs)
  }

  /** Sends one frame that others hear, too. */
  sendShared(heard: SharedFrame, to: Endpoint): void {
    this.#to = to
    if (!this.#whole) {
      this.send(heard.pcm(), to)
      return
    }
    const encoding = heard.encoding(this.#format)
    if (!encoding.remembers || this.#followed === encoding) {
      this.#sendPayload(encoding)
      return
    }
    this.#leaveShared()
    const own = this.#ownEncoding()
    own.encode(heard.pcm())
    this.#sendPayload(own)
    this.#lingered += 1
    this.#same = samePayload(own, encoding) ? this.#same + 1 : 0
    if (!this.#mayFollow(encoding, heard.pcm())) return
    this.#followed = encoding
    this.#lingered = 0
    this.#same = 0
  }

  /** Encodes and sends one frame that is for this phone alone. */
  send(frame: Int16Array, to: Endpoint): void {
    this.#to = to
    if (this.#whole) {
      this.#leaveShared()
      this.#lingered = 0
      const own = this.#ownEncoding()
      own.encode(frame)
      this.#sendPayload(own)
      return
    }
    for (let index = 0; index < frame.length; index += 1) {
      this.#packet[this.#filled] = frame[index] ?? 0
      this.#filled += 1
      if (this.#filled < this.#packet.length) continue
      this.#filled = 0
      this.#encodePacket()
    }
  }

  /** Sends a frame's time of a telephone event instead of audio (RFC 4733 §2.5.1.2): its timestamp stands still, the stream's goes on. */
  sendEvent(event: EventPacket, to: Endpoint): void {
    const stream = this.#stream
    this.#leaveShared()
    if (this.#filled > 0) stream.pause(this.#units * this.#filled)
    this.#filled = 0
    if (event.begins) this.#eventBegan = stream.timestamp
    const { marker, payloadType } = event
    const plain = headerLength + eventLength
    const target = this.#scratch.view(plain + (this.#seal?.rtpOverhead ?? 0))
    writeHeader(target, {
      marker,
      payloadType,
      sequence: stream.sequence,
      timestamp: this.#eventBegan,
      ssrc: stream.ssrc,
    })
    target.set(event.payload, headerLength)
    const length = this.#seal ? this.#seal.protectRtp(target, plain) : plain
    this.#ports.sendRtp(length === target.length ? target : this.#scratch.view(length), to)
    stream.sent(this.#units * samplesPerFrame(this.#format.rate), eventLength)
  }

  /** May it be left to others to send what all hear? Says how; false when packets to `to` need more than a header. */
  rest(rest: Rest, to: Endpoint): boolean {
    const { facts } = this.#format.codec
    const stream = this.#stream
    if (!this.#whole || this.#seal || facts.shareable === 'stream' || facts.variable || stream.marker) return false
    rest.channel = this.#ports.channel?.(to) ?? 0
    rest.ports = this.#ports
    rest.to = to
    rest.sendPayloadType = this.#payloadType
    rest.sendSequence = stream.sequence
    rest.sendTimestamp = stream.timestamp
    rest.sendSsrc = stream.ssrc
    return rest.channel >= 0
  }

  /** Others sent so many packets. */
  wake(packets: number): void {
    const { rate, codec } = this.#format
    this.#stream.pass(packets, this.#units * samplesPerFrame(rate), codec.facts.frameBytes)
  }

  /** A frame's time passes in which nothing may be sent to this phone. */
  pause(): void {
    this.skip()
    this.#leaveShared()
  }

  /** A frame's time passes in which nobody was sent anything. */
  skip(): void {
    this.#stream.pause(this.#units * (samplesPerFrame(this.#format.rate) + this.#filled))
    this.#filled = 0
  }

  /** What waits for its packet to fill is not to be heard any more. */
  hush(): void {
    this.#packet.fill(0, 0, this.#filled)
  }

  close(): void {
    this.#own?.close()
  }

  #ownEncoding(): Encoding {
    this.#own ??= new Encoding(this.#format)
    return this.#own
  }

  /** Is it time to hear the shared encoding? What has been sent last is this tick's frame by the own one. */
  #mayFollow(encoding: Encoding, pcm: Int16Array): boolean {
    if (this.#same >= sameFrames) return true
    if (this.#lingered < lingerFrames) return false
    return encoding.forgiving || peakOf(pcm) < pausePeak
  }

  #leaveShared(): void {
    if (!this.#followed) return
    this.#ownEncoding().takeOver(this.#followed)
    this.#followed = undefined
    this.#lingered = 0
    this.#same = 0
  }

  #sendPayload(encoding: Encoding): void {
    const samples = samplesPerFrame(encoding.format.rate)
    const { bytes, length } = encoding
    if (length === 0) {
      this.#stream.pause(this.#units * samples)
      return
    }
    const target = this.#scratch.view(this.#room + (this.#seal?.rtpOverhead ?? 0))
    if (length === bytes.length) target.set(bytes, headerLength)
    else for (let index = 0; index < length; index += 1) target[headerLength + index] = bytes[index] ?? 0
    this.#transmit(target, samples, length)
  }

  #encodePacket(): void {
    const samples = this.#packet.length
    const target = this.#scratch.view(this.#room + (this.#seal?.rtpOverhead ?? 0))
    const own = this.#ownEncoding()
    own.attune()
    // An encoder keeps to the room that it is given.
    const length = own.encoder.encode(this.#packet, this.#scratch.view(this.#room), headerLength)
    if (length === 0) this.#stream.pause(this.#units * samples)
    else this.#transmit(target, samples, length)
  }

  /** The one place where a packet leaves: header, protection, socket. */
  #transmit(target: Uint8Array, samples: number, payloadLength: number): void {
    this.#stream.payloadType = this.#payloadType
    writeHeader(target, this.#stream)
    const plain = headerLength + payloadLength
    const length = this.#seal ? this.#seal.protectRtp(target, plain) : plain
    this.#ports.sendRtp(length === target.length ? target : this.#scratch.view(length), this.#to)
    this.#stream.sent(this.#units * samples, payloadLength)
  }
}

/** The longest packet that the codec allows within what was asked for, else its shortest. */
function packetTime(ptimeMs: number, codec: WideCodec): number {
  const times = codec.facts.packetTimes
  return times.findLast((time) => time <= ptimeMs) ?? times[0] ?? 20
}

function peakOf(pcm: Int16Array): number {
  let peak = 0
  for (let index = 0; index < pcm.length; index += 1) peak = Math.max(peak, Math.abs(pcm[index] ?? 0))
  return peak
}
