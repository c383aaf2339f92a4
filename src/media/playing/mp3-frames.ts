// Finds the frames of MPEG audio layer III (ISO/IEC 11172-3, 13818-3) in a stream, so that the decoder is given whole frames alone:
// tags and rubbish are passed over, and a header counts only where the frame behind it begins with a like one.
import { PlayFailure } from './play-failure.ts'

const headBytes = 4
const id3HeadBytes = 10
/** Rubbish in a row after which a stream is none of ours. */
const mostRubbish = 65_536
/** Bit rates in kbit/s by index, MPEG-1 and MPEG-2/2.5. */
const bitRates1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const bitRates2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
const sampleRates = [44_100, 48_000, 32_000]
/** What two frames of one stream have in common: version, layer, sampling rate. */
const likeMask = [0xff, 0xfe, 0x0c] as const

/** Octets of the frame with that header; 0 when it is none. */
export function mp3FrameBytes(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1] ?? 0
  const third = bytes[at + 2] ?? 0
  if (bytes[at] !== 0xff || (second & 0xe0) !== 0xe0) return 0
  const version = (second >> 3) & 3
  const layer = (second >> 1) & 3
  const bitRate = (version === 3 ? bitRates1 : bitRates2)[third >> 4] ?? 0
  const fullRate = sampleRates[(third >> 2) & 3]
  if (version === 1 || layer !== 1 || bitRate === 0 || !fullRate) return 0
  const sampleRate = version === 3 ? fullRate : version === 2 ? fullRate / 2 : fullRate / 4
  const perFrame = version === 3 ? 144_000 : 72_000
  return Math.floor((perFrame * bitRate) / sampleRate) + ((third >> 1) & 1)
}

export class Mp3Frames {
  #held: Uint8Array = new Uint8Array(0)
  #skip = 0
  #rubbish = 0
  #frames = 0

  /** Frames found so far. */
  get frames(): number {
    return this.#frames
  }

  /** The whole frames of what came so far, one after the other. */
  push(bytes: Uint8Array): Uint8Array | PlayFailure {
    this.#held = Buffer.concat([this.#held, bytes])
    return this.#take(false)
  }

  /** The last frame, which no other follows. */
  end(): Uint8Array | PlayFailure {
    return this.#take(true)
  }

  #take(ended: boolean): Uint8Array | PlayFailure {
    const found: Uint8Array[] = []
    let at = 0
    const held = this.#held
    while (at < held.length) {
      const length = this.#next(held, at, ended)
      if (length < 0) break
      if (length > 0) {
        found.push(held.subarray(at, at + length))
        this.#frames += 1
        this.#rubbish = 0
      } else if (this.#skip === 0) {
        this.#skip = 1
        this.#rubbish += 1
        if (this.#rubbish > mostRubbish) return new PlayFailure('damaged', 'There is no MP3 audio in what was read.')
      }
      const step = Math.min(held.length - at, length + this.#skip)
      this.#skip -= Math.max(0, step - length)
      at += step
    }
    this.#held = held.slice(at)
    return Buffer.concat(found)
  }

  /** Octets of the frame at `at`; 0 for none, with `skip` set when it is known how far; −1 when more is needed to tell. */
  #next(held: Uint8Array, at: number, ended: boolean): number {
    if (this.#skip > 0) return 0
    const left = held.length - at
    if (held[at] === 0x49 && (held[at + 1] ?? 0x44) === 0x44 && (held[at + 2] ?? 0x33) === 0x33) {
      if (left < id3HeadBytes) return ended ? 0 : -1
      this.#skip = id3HeadBytes + syncsafe(held, at + 6)
      return 0
    }
    if (left < headBytes) return ended || held[at] !== 0xff ? 0 : -1
    const length = mp3FrameBytes(held, at)
    if (length <= headBytes) return 0
    if (left < length + headBytes) return ended ? (left >= length ? length : 0) : -1
    const like = likeMask.every(
      (mask, index) => ((held[at + index] ?? 0) & mask) === ((held[at + length + index] ?? 0) & mask),
    )
    return like || this.#endsStream(held, at + length) ? length : 0
  }

  /** An ID3v1 tag or another ID3v2 or APE tag behind a frame is as good as a frame. */
  #endsStream(held: Uint8Array, at: number): boolean {
    const name = Buffer.from(held.subarray(at, at + 3)).toString('latin1')
    return this.#frames > 0 && (name === 'TAG' || name === 'ID3' || name === 'APE')
  }
}

/** 28 bits in four octets (ID3v2 §6.2). */
const syncsafe = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) & 0x7f) << 21) |
  (((bytes[at + 1] ?? 0) & 0x7f) << 14) |
  (((bytes[at + 2] ?? 0) & 0x7f) << 7) |
  ((bytes[at + 3] ?? 0) & 0x7f)
