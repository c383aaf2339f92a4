// Opus (RFC 6716) in RTP (RFC 7587) by libopus compiled to WebAssembly: mono, 8 to 48 kHz, with its own concealment, error correction and DTX.
// Timestamps count 48 kHz and SDP says two channels whatever is sent (RFC 7587 §4.1, §7).
import {
  Application,
  createDecoder,
  createEncoder,
  type EncodeOptions,
  loadLibopus,
  type OpusDecoderHandle,
  type OpusEncoderHandle,
} from 'libopus-wasm'
import { isAudible } from '../dsp/mix.ts'
import { opusBitrates } from './opus-fmtp.ts'
import { OpusHandle } from './opus-handle.ts'
import { opusDuration, opusFrameDuration, opusRepeats } from './opus-packet.ts'
import { QuietPackets } from './quiet-packets.ts'
import type { EncoderSettings, Payload, PcmRate, WideCodec, WideDecoder, WideEncoder } from './wide-codec.ts'

/** Longest frame (RFC 6716 §3.4, R2) and its header. */
const longestPacket = 1276
/** 2.5 ms, the unit of Opus durations, is so much of a second. */
const unitsPerSecond = 400
/** Concealment is made in pieces of at most so many units, 20 ms. */
const concealUnits = 8
/** In DTX a packet this short says nothing and need not be sent (`opus_encode`). */
const nothing = 2

type Settings = Required<EncoderSettings>

class OpusEncoder implements WideEncoder {
  readonly sampleRate: PcmRate
  readonly delay: number
  readonly #handle: OpusHandle<OpusEncoderHandle>
  readonly #options: EncodeOptions = {}
  #settings: Settings

  constructor(rate: PcmRate, settings: EncoderSettings) {
    this.sampleRate = rate
    // 2.5 ms of overlap and 4 ms that the mode for speech looks ahead.
    this.delay = (rate * 65) / 10_000
    this.#settings = {
      bitrate: opusBitrates[rate],
      complexity: 5,
      fec: false,
      lossPercent: 10,
      dtx: false,
      ...settings,
    }
    this.#handle = new OpusHandle(async () => {
      const made = await createEncoder({ sampleRate: rate, channels: 1, application: Application.Voip })
      apply(made, this.#settings)
      return made
    })
  }

  encode(pcm: Int16Array, target: Uint8Array, at: number): number {
    const handle = this.#handle.current
    if (!handle) return 0
    this.#options.frameSize = pcm.length
    this.#options.maxPacketBytes = Math.min(longestPacket, target.length - at)
    const packet = handle.encode(pcm, this.#options)
    if (this.#settings.dtx && packet.length <= nothing) return 0
    target.set(packet, at)
    return packet.length
  }

  adjust(settings: EncoderSettings): void {
    this.#settings = { ...this.#settings, ...settings }
    if (this.#handle.current) apply(this.#handle.current, this.#settings)
  }

  follow(): boolean {
    return false
  }

  reset(): void {
    this.#handle.renew()
  }

  close(): void {
    this.#handle.close()
  }
}

function apply(handle: OpusEncoderHandle, settings: Settings): void {
  handle.setBitrate(settings.bitrate)
  handle.setComplexity(settings.complexity)
  handle.setFec(settings.fec)
  handle.setPacketLossPercent(settings.fec ? settings.lossPercent : 0)
  handle.setDtx(settings.dtx)
}

class OpusDecoder implements WideDecoder {
  readonly sampleRate: PcmRate
  readonly #handle: OpusHandle<OpusDecoderHandle>
  /** Samples in 2.5 ms. */
  readonly #unit: number
  readonly #received = { maxFrameSize: 0 }
  readonly #missing = { frameSize: 0 }
  readonly #repeated = { frameSize: 0, decodeFec: true }
  readonly #quiet = new QuietPackets()
  #malformed = 0

  constructor(rate: PcmRate) {
    this.sampleRate = rate
    this.#unit = rate / unitsPerSecond
    this.#handle = new OpusHandle(() => createDecoder({ sampleRate: rate, channels: 1 }))
  }

  get malformed(): number {
    return this.#malformed
  }

  samplesIn(payload: Payload): number {
    return opusDuration(payload) * this.#unit
  }

  decode(payload: Payload, pcm: Int16Array, at: number): number {
    const count = this.samplesIn(payload)
    const handle = this.#handle.current
    if (count === 0) return 0
    if (this.#quiet.covers(payload)) {
      pcm.fill(0, at, at + count)
      return count
    }
    this.#received.maxFrameSize = count
    try {
      const decoded = handle?.decode(payload.bytes.subarray(0, payload.length), this.#received)
      if (decoded) pcm.set(decoded, at)
      if (decoded) this.#quiet.decoded(payload, isAudible(decoded))
      else pcm.fill(0, at, at + count)
    } catch {
      // The framing inside is broken: as good as lost.
      this.#malformed += 1
      this.conceal(pcm, at, count)
    }
    return count
  }

  conceal(pcm: Int16Array, at: number, count: number): void {
    this.#quiet.forget()
    const handle = this.#handle.current
    for (let done = 0; done < count; ) {
      const left = count - done
      const length = Math.min(concealUnits, Math.ceil(left / this.#unit)) * this.#unit
      this.#missing.frameSize = length
      if (!handle) pcm.fill(0, at + done, at + count)
      else if (length <= left) pcm.set(handle.decode(null, this.#missing), at + done)
      else pcm.set(handle.decode(null, this.#missing).subarray(0, left), at + done)
      done += length
    }
  }

  recover(next: Payload, pcm: Int16Array, at: number, count: number): boolean {
    const handle = this.#handle.current
    // The copy is as long as a frame of the packet that carries it; what is missing before that is concealed.
    const repeated = opusFrameDuration(next) * this.#unit
    if (!handle || count < repeated || !opusRepeats(next)) return false
    this.#repeated.frameSize = repeated
    this.conceal(pcm, at, count - repeated)
    try {
      pcm.set(handle.decode(next.bytes.subarray(0, next.length), this.#repeated), at + count - repeated)
    } catch {
      this.#malformed += 1
      this.conceal(pcm, at + count - repeated, repeated)
    }
    return true
  }

  resume(): void {
    // libopus blends what it made up into what it decodes.
  }

  reset(): void {
    this.#quiet.forget()
    this.#handle.renew()
  }

  close(): void {
    this.#handle.close()
  }
}

export const opus: WideCodec = {
  facts: {
    name: 'opus',
    payloadType: -1,
    clockRate: 48_000,
    channels: 2,
    sampleRate: 16_000,
    sampleRates: [8000, 16_000, 48_000],
    packetTimes: [10, 20, 40, 60],
    frameBytes: longestPacket,
    variable: true,
    shareable: 'stream',
  },
  async prepare() {
    await loadLibopus()
  },
  createEncoder: (rate = 16_000, settings = {}) => new OpusEncoder(rate, settings),
  createDecoder: (rate = 16_000) => new OpusDecoder(rate),
}
