// The media half of the phone: writes its own descriptions, follows those of the far end (RFC 3264) and runs the RTP stream.
import { type PhoneCodec, payloadTypes } from './g711.ts'
import type { Metronome } from './metronome.ts'
import { createRtpStream, type HeardFrame, type MediaCounters, openPortPair, type RtpStream } from './rtp.ts'
import { parseDescription, type StreamDirection, writeDescription } from './sip-text.ts'
import type { SoundSource } from './sound.ts'

export interface PhoneMediaOptions {
  readonly localAddress: string
  readonly metronome: Metronome
  readonly codec: PhoneCodec
  readonly source: SoundSource
  readonly onFrame: (frame: HeardFrame) => void
}

/** Our direction in an answer to theirs (RFC 3264 §6.1). */
const mirror: Readonly<Record<StreamDirection, StreamDirection>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
}

const nothing: MediaCounters = { sent: 0, received: 0, lost: 0, duplicate: 0, longestGapMs: 0 }

export class PhoneMedia {
  readonly #options: PhoneMediaOptions
  readonly #ports: Awaited<ReturnType<typeof openPortPair>>
  #version = 0
  #stream: RtpStream | undefined
  #leave: (() => void) | undefined

  private constructor(options: PhoneMediaOptions, ports: Awaited<ReturnType<typeof openPortPair>>) {
    this.#options = options
    this.#ports = ports
  }

  static async open(options: PhoneMediaOptions): Promise<PhoneMedia> {
    return new PhoneMedia(options, await openPortPair(options.localAddress))
  }

  /** An offer or answer of ours. */
  describe(direction: StreamDirection): string {
    this.#version += 1
    const own = payloadTypes[this.#options.codec]
    const { localAddress: address } = this.#options
    return writeDescription({ address, port: this.#ports.port, payloadTypes: [own, 101], direction }, this.#version)
  }

  /** Starts or redirects the media by the far end's description; false when it lacks our codec. */
  follow(description: string): boolean {
    const { codec, source, onFrame, metronome } = this.#options
    const remote = parseDescription(description)
    if (!remote?.payloadTypes.includes(payloadTypes[codec])) return false
    const sending = remote.direction === 'sendrecv' || remote.direction === 'recvonly'
    if (!this.#stream) {
      this.#stream = createRtpStream(this.#ports.rtp, { codec, source, remote, onFrame })
      this.#leave = metronome.join(this.#stream.beat)
    }
    this.#stream.redirect(remote, sending)
    return true
  }

  /** Follows an offer; our answer, or undefined when it lacks our codec. */
  answer(offer: string): string | undefined {
    if (!this.follow(offer)) return undefined
    return this.describe(mirror[parseDescription(offer)?.direction ?? 'sendrecv'])
  }

  /** Says nothing any more; what still comes in is counted. */
  stop(): void {
    this.#leave?.()
  }

  counters(): MediaCounters {
    return this.#stream?.counters() ?? nothing
  }

  close(): void {
    this.stop()
    this.#ports.rtp.close()
    this.#ports.rtcp.close()
  }
}
