// Opus in Ogg (RFC 7845): every page is whole, so that a file cut off anywhere plays up to its last page.
// Granule positions count 48 kHz samples, pre-skip included; the last one trims the padding of the last packet.
import { Application, createEncoder, type OpusEncoderHandle, type SampleRate, Signal } from 'libopus-wasm'
import type { Container } from './container.ts'
import { buildPage, lacingOf, maxLacing, pageFlag } from './ogg-page.ts'

const granuleRate = 48_000
const frameMs = 20
const frameGranules = (granuleRate * frameMs) / 1000
/** A page at least every half second: what a crash can cost. */
const packetsPerPage = 25
/** Silent packets after which the encoder has settled, and the same packet serves again. */
const settledAfter = 10
const bitrates: Readonly<Record<number, number>> = { 8000: 16_000, 16000: 24_000, 48000: 40_000 }

export interface OggOpusSettings {
  readonly sampleRate: SampleRate
  /** Serial number of the stream (RFC 3533 §6). */
  readonly serial: number
}

/** A container with its encoder loaded. */
export async function createOggOpusContainer(settings: OggOpusSettings): Promise<OggOpusContainer> {
  const encoder = await createEncoder({
    sampleRate: settings.sampleRate,
    channels: 1,
    application: Application.Voip,
    signal: Signal.Auto,
    bitrate: bitrates[settings.sampleRate] ?? 24_000,
    complexity: 5,
  })
  return new OggOpusContainer(settings, encoder)
}

export class OggOpusContainer implements Container {
  readonly sampleRate: number
  readonly #serial: number
  readonly #encoder: OpusEncoderHandle
  readonly #preSkip: number
  /** The frame being filled. */
  readonly #frame: Int16Array
  #filled = 0
  #packets: Uint8Array[] = []
  #lacing = 0
  #sequence = 0
  /** Packets encoded, and samples given, so far. */
  #encoded = 0
  #samples = 0
  #silentFrames = 0
  #silentPacket: Uint8Array | undefined

  constructor(settings: OggOpusSettings, encoder: OpusEncoderHandle) {
    this.sampleRate = settings.sampleRate
    this.#serial = settings.serial
    this.#encoder = encoder
    this.#preSkip = (encoder.getLookahead() * granuleRate) / settings.sampleRate
    this.#frame = new Int16Array((settings.sampleRate * frameMs) / 1000)
  }

  start(): Uint8Array {
    return Buffer.concat([
      this.#page([opusHead(this.#preSkip, this.sampleRate)], 0, pageFlag.first),
      this.#page([opusTags()], 0, 0),
    ])
  }

  append(pcm: Int16Array): Uint8Array {
    this.#samples += pcm.length
    const pages: Uint8Array[] = []
    for (let at = 0; at < pcm.length; ) {
      const count = Math.min(pcm.length - at, this.#frame.length - this.#filled)
      this.#frame.set(pcm.subarray(at, at + count), this.#filled)
      this.#filled += count
      at += count
      if (this.#filled === this.#frame.length) this.#encode(pages)
    }
    return Buffer.concat(pages)
  }

  flush(): Uint8Array {
    return this.#packets.length === 0 ? new Uint8Array(0) : this.#endPage(0)
  }

  finish(): Uint8Array {
    const pages: Uint8Array[] = []
    const end = this.#preSkip + Math.round((this.#samples * granuleRate) / this.sampleRate)
    // The encoder's delay is still inside it: silence pushes the last samples out (RFC 7845 §4.2).
    do {
      this.#frame.fill(0, this.#filled)
      this.#filled = this.#frame.length
      this.#encode(pages)
    } while (this.#encoded * frameGranules < end || this.#packets.length === 0)
    pages.push(this.#endPage(pageFlag.last, end))
    return Buffer.concat(pages)
  }

  head(): undefined {
    return undefined
  }

  free(): void {
    this.#encoder.free()
  }

  #encode(pages: Uint8Array[]): void {
    const packet = this.#packet()
    this.#filled = 0
    if (this.#lacing + lacingOf(packet.length) > maxLacing) pages.push(this.#endPage(0))
    this.#packets.push(packet)
    this.#lacing += lacingOf(packet.length)
    this.#encoded += 1
    if (this.#packets.length >= packetsPerPage) pages.push(this.#endPage(0))
  }

  #packet(): Uint8Array {
    if (this.#frame.some((sample) => sample !== 0)) {
      this.#silentFrames = 0
      this.#silentPacket = undefined
      return this.#encoder.encode(this.#frame)
    }
    if (this.#silentPacket) return this.#silentPacket
    this.#silentFrames += 1
    const packet = this.#encoder.encode(this.#frame)
    if (this.#silentFrames >= settledAfter) this.#silentPacket = packet
    return packet
  }

  #endPage(flags: number, granule = this.#encoded * frameGranules): Uint8Array {
    const page = this.#page(this.#packets, granule, flags)
    this.#packets = []
    this.#lacing = 0
    return page
  }

  #page(packets: readonly Uint8Array[], granule: number, flags: number): Uint8Array {
    const page = buildPage({ flags, granule, serial: this.#serial, sequence: this.#sequence }, packets)
    this.#sequence += 1
    return page
  }
}

/** RFC 7845 §5.1; mono, mapping family 0. */
function opusHead(preSkip: number, inputRate: number): Uint8Array {
  const packet = Buffer.alloc(19)
  packet.write('OpusHead', 0, 'latin1')
  packet.writeUInt8(1, 8)
  packet.writeUInt8(1, 9)
  packet.writeUInt16LE(preSkip, 10)
  packet.writeUInt32LE(inputRate, 12)
  return packet
}

/** RFC 7845 §5.2; no comments. */
function opusTags(): Uint8Array {
  const vendor = 'Partyline'
  const packet = Buffer.alloc(8 + 4 + vendor.length + 4)
  packet.write('OpusTags', 0, 'latin1')
  packet.writeUInt32LE(vendor.length, 8)
  packet.write(vendor, 12, 'latin1')
  return packet
}
