// A phone with keys, for the tests of flows: what the built-in phone does, and it presses and hears keys as telephone
// events (RFC 4733 §2.5). What it heard is kept, so that a test can measure any part of it.
import type { Socket } from 'node:dgram'
import { level, listen, type ToneReport } from '../../demo/phone/ears.ts'
import { decode, encode } from '../../demo/phone/g711.ts'
import { Line, type LineEnd, type LineReply } from '../../demo/phone/line.ts'
import type { Metronome } from '../../demo/phone/metronome.ts'
import { bind, openPortPair } from '../../demo/phone/rtp.ts'
import { type AudioDescription, parseDescription, writeDescription } from '../../demo/phone/sip-text.ts'
import { frameSamples, type SoundSource, sampleRate, silence } from '../../demo/phone/sound.ts'
import { eventType, KeyEars, KeyWriter } from './key-events.ts'

export interface KeyPhoneOptions {
  readonly name: string
  readonly metronome: Metronome
  readonly source?: SoundSource
  /** What an INVITE is answered with; 200 unless given. */
  readonly answers?: number
}

const address = '127.0.0.1'

export class KeyPhone {
  /** Keys heard so far, each as often as it was pressed. */
  readonly ears = new KeyEars()
  readonly answered: Promise<void>
  readonly ended: Promise<LineEnd>
  /** What it says; may be changed at any time. */
  source: SoundSource
  readonly #line: Line
  readonly #rtp: Socket
  readonly #rtcp: Socket
  readonly #port: number
  readonly #frames: Int16Array[] = []
  readonly #waiting = new Set<() => void>()
  readonly #writer = new KeyWriter()
  readonly #leave: () => void
  #remote: AudioDescription | undefined
  #version = 0

  private constructor(
    options: KeyPhoneOptions,
    { sip, ports }: { readonly sip: Socket; readonly ports: Awaited<ReturnType<typeof openPortPair>> },
  ) {
    const answered = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<LineEnd>()
    this.answered = answered.promise
    this.ended = ended.promise
    this.source = options.source ?? silence
    this.#rtp = ports.rtp
    this.#rtcp = ports.rtcp
    this.#port = ports.port
    this.#rtp.on('message', (packet) => this.#hear(packet))
    this.#leave = options.metronome.join(() => this.#beat())
    this.#line = new Line(sip, {
      name: options.name,
      onOffer: (offer) => this.#answer(offer, options.answers ?? 200),
      onConfirmed: (body) => {
        if (body !== '') this.#remote = parseDescription(body)
        answered.resolve()
      },
      onEnded: (end) => {
        this.#remote = undefined
        ended.resolve(end)
        this.#stir()
      },
    })
  }

  static async open(options: KeyPhoneOptions): Promise<KeyPhone> {
    return new KeyPhone(options, { sip: await bind(address, 0), ports: await openPortPair(address) })
  }

  get uri(): string {
    return this.#line.uri
  }

  /** 20 ms frames heard so far. */
  get count(): number {
    return this.#frames.length
  }

  /** Throws when the call is refused. */
  async invite(uri: string): Promise<void> {
    const { status, body } = await this.#line.invite(uri, this.#describe())
    if (status >= 300) throw new Error(`the call to ${uri} was answered with ${status}`)
    this.#remote = parseDescription(body)
  }

  bye(): Promise<void> {
    return this.#line.bye()
  }

  /** Presses keys one after the other; resolves when the last is up. */
  press(keys: string, heldMs = 100): Promise<void> {
    return this.#writer.press(keys, heldMs)
  }

  /** Resolves once it heard that many frames more; rejects when the call ends or `timeoutMs` passes first. */
  hear(more: number, timeoutMs = 10_000): Promise<void> {
    const wanted = this.#frames.length + more
    return this.until(`${more} frames`, () => this.#frames.length >= wanted, timeoutMs)
  }

  /** Looks again at every frame and key heard. */
  async until(what: string, holds: () => boolean, timeoutMs = 10_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = (): void => {
      if (holds()) resolve()
      else if (this.#remote === undefined) reject(new Error(`the call ended before the phone heard ${what}`))
    }
    const timer = setTimeout(() => reject(new Error(`the phone did not hear ${what} in ${timeoutMs} ms`)), timeoutMs)
    this.#waiting.add(check)
    check()
    await promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(check)
    })
  }

  samples(from = 0, to = this.#frames.length): Int16Array {
    const part = this.#frames.slice(from, to)
    const samples = new Int16Array(part.length * frameSamples)
    for (const [index, frame] of part.entries()) samples.set(frame, index * frameSamples)
    return samples
  }

  tones(frequencies: readonly number[], from = 0, to = this.#frames.length): ToneReport[] {
    return listen(this.samples(from, to), sampleRate, frequencies)
  }

  /** Level in dBov of each frame. */
  levels(from = 0, to = this.#frames.length): number[] {
    return this.#frames.slice(from, to).map(level)
  }

  /** Resolves once the last `frames` frames all have, or all lack, the tone. */
  hearsTone(frequency: number, { frames = 10, timeoutMs = 10_000 } = {}): Promise<void> {
    const heard = (): boolean => this.count >= frames && this.tones([frequency], this.count - frames)[0]?.share === 1
    return this.until(`${frequency} Hz`, heard, timeoutMs)
  }

  hearsSilence({ frames = 10, timeoutMs = 10_000 } = {}): Promise<void> {
    const heard = (): boolean => this.count >= frames && this.levels(this.count - frames).every((value) => value < -60)
    return this.until('silence', heard, timeoutMs)
  }

  close(): void {
    this.#leave()
    this.#line.close()
    this.#rtp.close()
    this.#rtcp.close()
  }

  #describe(): string {
    this.#version += 1
    return writeDescription(
      { address, port: this.#port, payloadTypes: [0, eventType], direction: 'sendrecv' },
      this.#version,
    )
  }

  #answer(offer: string | undefined, status: number): LineReply {
    if (status >= 300) return { status, body: '' }
    if (offer !== undefined) this.#remote = parseDescription(offer)
    return { status, body: this.#describe() }
  }

  #beat(): void {
    const frame = this.source()
    if (this.#remote === undefined) return
    for (const packet of this.#writer.next(() => encode('PCMU', frame)))
      this.#rtp.send(packet, this.#remote.port, this.#remote.address)
  }

  #hear(packet: Buffer): void {
    const type = (packet[1] ?? 0) & 0x7f
    if (packet.length < 12 || (packet[0] ?? 0) >> 6 !== 2) return
    if (type === 0) this.#frames.push(decode('PCMU', packet.subarray(12)))
    else if (type === eventType) this.ears.hear(packet)
    this.#stir()
  }

  #stir(): void {
    for (const check of this.#waiting) check()
  }
}
