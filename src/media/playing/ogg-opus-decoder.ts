// Opus in Ogg (RFC 7845) as it streams in: pages with a wrong checksum are passed over, packets are put together across pages,
// the pre-skip and what lies behind the last granule position are cut off. Chained streams follow each other; others are ignored.
import { createDecoder, type OpusDecoderHandle } from 'libopus-wasm'
import { findCapture, maxPageBytes, type OggPage, pageFlag, readPage } from '../recording/ogg-page.ts'
import { PlayFailure } from './play-failure.ts'
import type { PcmSink, StreamDecoder } from './stream-decoder.ts'

const sampleRate = 48_000
/** The longest packet that makes sense: 120 ms of stereo at the highest rate. */
const mostPacketBytes = 61_440
const headBytes = 19
/** Octets without a page after which a stream is none of ours. */
const mostRubbish = 4 * maxPageBytes

interface Stream {
  readonly serial: number
  readonly gain: number
  /** Samples still to be cut off at the start. */
  skip: number
  /** Samples decoded, the cut ones included; what granule positions count. */
  decoded: number
  tagsSeen: boolean
  partial: Uint8Array | undefined
}

export class OggOpusDecoder implements StreamDecoder {
  readonly #decoder: OpusDecoderHandle
  readonly #sink: PcmSink
  #held: Uint8Array = new Uint8Array(0)
  #stream: Stream | undefined
  #rubbish = 0
  #audible = false

  private constructor(decoder: OpusDecoderHandle, sink: PcmSink) {
    this.#decoder = decoder
    this.#sink = sink
  }

  static async create(sink: PcmSink): Promise<OggOpusDecoder> {
    return new OggOpusDecoder(await createDecoder({ sampleRate, channels: 1 }), sink)
  }

  push(bytes: Uint8Array): PlayFailure | undefined {
    const held = Buffer.concat([this.#held, bytes])
    let at = 0
    while (at < held.length) {
      const result = readPage(held, at)
      if (result.kind === 'more') break
      if (result.kind === 'page') {
        this.#rubbish = 0
        at += result.page.length
        const failure = this.#page(result.page)
        if (failure) return failure
      } else {
        const next = findCapture(held, at + 1)
        const to = next < 0 ? Math.max(at + 1, held.length - 3) : next
        this.#rubbish += to - at
        at = to
        if (this.#rubbish > mostRubbish) return new PlayFailure('damaged', 'There is no Ogg page in what was read.')
      }
    }
    this.#held = held.subarray(at)
    return undefined
  }

  end(): PlayFailure | undefined {
    return this.#audible ? undefined : new PlayFailure('damaged', 'The Ogg file holds no Opus audio.')
  }

  free(): void {
    this.#decoder.free()
  }

  #page(page: OggPage): PlayFailure | undefined {
    if (page.flags & pageFlag.first) return this.#begin(page)
    const stream = this.#stream
    if (!stream || page.serial !== stream.serial) return undefined
    const samples: Int16Array[] = []
    let before = stream.decoded
    for (const packet of packetsOf(page, stream)) {
      if (stream.tagsSeen) this.#decode(packet, stream, samples)
      else stream.tagsSeen = true
    }
    // Only the last page trims, and only its own samples (RFC 7845 §4.4).
    const trims = (page.flags & pageFlag.last) !== 0 && page.granule >= before
    for (const pcm of samples) {
      const kept = trims ? Math.max(0, Math.min(pcm.length, page.granule - before)) : pcm.length
      before += pcm.length
      this.#give(pcm.subarray(0, kept), stream)
    }
    return undefined
  }

  #begin(page: OggPage): PlayFailure | undefined {
    const { body } = page
    const name = Buffer.from(body.subarray(0, 8)).toString('latin1')
    if (name !== 'OpusHead') {
      // Other streams may lie beside or before the one with audio.
      return name.startsWith('\x01vorbis') || name.startsWith('\x7fFLAC')
        ? new PlayFailure('unsupported', 'Of Ogg files only those with Opus are played.')
        : undefined
    }
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    if (body.length < headBytes || view.getUint8(8) >> 4 !== 0)
      return new PlayFailure('damaged', 'The Opus header is damaged.')
    if (view.getUint8(18) !== 0 || view.getUint8(9) > 2)
      return new PlayFailure('unsupported', 'Opus with more than two channels is not played.')
    this.#stream = {
      serial: page.serial,
      gain: 10 ** (view.getInt16(16, true) / 256 / 20),
      skip: view.getUint16(10, true),
      decoded: 0,
      tagsSeen: false,
      partial: undefined,
    }
    return undefined
  }

  #decode(packet: Uint8Array, stream: Stream, samples: Int16Array[]): void {
    if (packet.length === 0 || packet.length > mostPacketBytes) return
    try {
      const pcm = this.#decoder.decode(packet)
      samples.push(pcm)
      stream.decoded += pcm.length
    } catch {
      // A damaged packet is passed over; the next one is good again.
    }
  }

  #give(pcm: Int16Array, stream: Stream): void {
    const skipped = Math.min(stream.skip, pcm.length)
    stream.skip -= skipped
    if (skipped === pcm.length) return
    const rest = pcm.slice(skipped)
    if (stream.gain !== 1) {
      for (let index = 0; index < rest.length; index += 1)
        rest[index] = Math.max(-32768, Math.min(32767, Math.round((rest[index] ?? 0) * stream.gain)))
    }
    this.#audible = true
    this.#sink(rest, sampleRate)
  }
}

/** The packets that end in a page; what goes on in the next is kept with the stream (RFC 3533 §5). */
function* packetsOf(page: OggPage, stream: Stream): Generator<Uint8Array> {
  // A page may continue a packet whose beginning was lost, or leave one open that nobody continues.
  const continues = (page.flags & pageFlag.continued) !== 0
  let lost = continues && stream.partial === undefined
  let open = continues ? stream.partial : undefined
  stream.partial = undefined
  let start = 0
  let end = 0
  for (const lacing of page.lacing) {
    end += lacing
    if (lacing === 255) continue
    const piece = page.body.subarray(start, end)
    if (!lost) yield open ? Buffer.concat([open, piece]) : piece
    lost = false
    open = undefined
    start = end
  }
  if (start === end && page.lacing.at(-1) !== 255) return
  const piece = page.body.subarray(start)
  const whole = open ? Buffer.concat([open, piece]) : piece.slice()
  if (!lost && whole.length <= mostPacketBytes) stream.partial = whole
}
