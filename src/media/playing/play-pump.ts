// The file thread's side of playing: opens, sniffs, decodes, resamples, and keeps half a second of samples ready in the ring.
// It never runs further ahead, so that memory does not depend on how long the file is.
import type { Clock } from '../../base/time.ts'
import type { SampleRing } from '../recording/sample-ring.ts'
import type { ByteSource } from './byte-source.ts'
import { PlayFailure } from './play-failure.ts'
import { RateConverter } from './rate-converter.ts'
import { createStreamDecoder, type StreamDecoder, sniff, sniffBytes } from './stream-decoder.ts'

/** How much is kept ready, and how often it is looked after, milliseconds. */
const aheadMs = 500
const refillMs = 40
const blockMs = 20
/** What is shorter is not repeated: nothing but opening it again would be done. */
const shortestLoopMs = 100

export interface PlayPumpSettings {
  readonly ring: SampleRing
  /** Samples per second in the ring. */
  readonly rate: number
  /** Opens the source, again for every repetition. */
  readonly open: () => Promise<ByteSource>
  readonly loop: boolean
  /** Decibels by which it is made louder. */
  readonly gainDb: number
  readonly clock: Pick<Clock, 'after'>
  /** Ends everything at once. */
  readonly signal: AbortSignal
  /** The first samples are in the ring. */
  readonly started: () => void
}

/** Plays to the end; resolves then, or when the signal says so. Throws PlayFailure. */
export async function pumpPlay(settings: PlayPumpSettings): Promise<void> {
  const pump = new PlayPump(settings)
  do {
    await pump.once()
  } while (settings.loop && !settings.signal.aborted)
  await pump.flush()
}

class PlayPump {
  readonly #settings: PlayPumpSettings
  readonly #gain: number
  readonly #block: Int16Array
  #filled = 0
  /** Blocks that are decoded and not in the ring yet. */
  #waiting: Int16Array[] = []
  #converter: RateConverter | undefined
  #sourceRate = 0
  #started = false
  /** Samples since the source was opened last. */
  #samples = 0

  constructor(settings: PlayPumpSettings) {
    this.#settings = settings
    this.#gain = 10 ** (settings.gainDb / 20)
    this.#block = new Int16Array((settings.rate * blockMs) / 1000)
  }

  /** From the beginning of the source to its end. */
  async once(): Promise<void> {
    const source = await this.#settings.open()
    this.#samples = 0
    let decoder: StreamDecoder | undefined
    try {
      let bytes = await begin(source)
      const format = bytes && sniff(bytes)
      if (!format) throw new PlayFailure('unknown_format', 'It is neither WAV nor MP3 nor Ogg.')
      decoder = await createStreamDecoder(format, (pcm, rate) => this.#take(pcm, rate))
      for (; bytes && !this.#settings.signal.aborted; bytes = await source.read()) {
        const failure = decoder.push(bytes)
        if (failure) throw failure
        await this.#deliver()
      }
      if (this.#settings.signal.aborted) return
      const failure = decoder.end()
      if (failure) throw failure
      this.#endConverter()
      if (this.#settings.loop && this.#samples * 1000 < shortestLoopMs * this.#settings.rate)
        throw new PlayFailure('unsupported', `Less than ${shortestLoopMs} ms are not repeated.`)
      await this.#deliver()
    } finally {
      decoder?.free()
      await source.close()
    }
  }

  /** The last block, filled up with silence. */
  async flush(): Promise<void> {
    if (this.#filled > 0) this.#add(new Int16Array(this.#block.length - this.#filled))
    await this.#deliver()
    this.#start()
  }

  #take(pcm: Int16Array, rate: number): void {
    if (rate !== this.#sourceRate) {
      this.#endConverter()
      this.#sourceRate = rate
      if (rate !== this.#settings.rate) this.#converter = new RateConverter(rate, this.#settings.rate)
    }
    this.#add(this.#converter?.convert(pcm) ?? pcm)
  }

  #endConverter(): void {
    const converter = this.#converter
    this.#converter = undefined
    this.#sourceRate = 0
    if (converter) this.#add(converter.end())
  }

  #add(pcm: Int16Array): void {
    const block = this.#block
    this.#samples += pcm.length
    for (let index = 0; index < pcm.length; index += 1) {
      const sample = (pcm[index] ?? 0) * this.#gain
      block[this.#filled] = sample > 32767 ? 32767 : sample < -32768 ? -32768 : Math.round(sample)
      this.#filled += 1
      if (this.#filled < block.length) continue
      this.#waiting.push(block.slice())
      this.#filled = 0
    }
  }

  /** Puts everything that waits into the ring, as the player makes room. */
  async #deliver(): Promise<void> {
    const { ring, rate, signal } = this.#settings
    const enough = (rate * aheadMs) / 1000
    const waiting = this.#waiting
    this.#waiting = []
    for (const block of waiting) {
      while (!signal.aborted && (ring.used >= enough || !ring.writeAudio(block, rate))) {
        this.#start()
        await this.#pause()
      }
      if (signal.aborted) return
    }
    if (waiting.length > 0 && ring.used >= enough / 8) this.#start()
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    this.#settings.started()
  }

  #pause(): Promise<void> {
    const { clock, signal } = this.#settings
    return new Promise((resolve) => {
      const timer = clock.after(refillMs, done)
      function done(): void {
        timer.cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
    })
  }
}

/** Enough octets to know the format; undefined for an empty source. */
async function begin(source: ByteSource): Promise<Uint8Array | undefined> {
  let bytes = await source.read()
  while (bytes && bytes.length < sniffBytes) {
    const more = await source.read()
    if (!more) break
    bytes = Buffer.concat([bytes, more])
  }
  return bytes
}
