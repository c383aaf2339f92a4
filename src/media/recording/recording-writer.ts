// The file thread's side of a recording: empties the ring into a container and the container into the file, and once a second makes it safe.
// Whatever goes wrong ends this recording with a reason; what was written until then stays readable.
import { Resampler, type ResamplerRate } from '../../dsp/resampler.ts'
import type { Container } from './container.ts'
import { failureOf, type RecordingFailure, type RecordingFile } from './recording-file.ts'
import type { RingReader, SampleRing } from './sample-ring.ts'

/** Octets gathered before they are written. */
const chunkBytes = 65_536

export interface WrittenRecording {
  readonly bytes: number
  readonly durationMs: number
  readonly failure?: { readonly reason: RecordingFailure; readonly message: string }
}

export interface RecordingWriterParts {
  readonly ring: SampleRing
  readonly container: Container
  readonly file: RecordingFile
}

export class RecordingWriter implements RingReader {
  readonly #ring: SampleRing
  readonly #container: Container
  readonly #file: RecordingFile
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  /** Samples of silence that are still to be made, at the file's rate. */
  #silence = 0
  #bytes = 0
  /** Samples given to the container, and those of them that were written; where the file stood when its head was last written. */
  #samples = 0
  #writtenSamples = 0
  #headBytes = 0
  #resampler: Resampler | undefined
  #failure: WrittenRecording['failure']
  #busy: Promise<void> = Promise.resolve()

  constructor(parts: RecordingWriterParts) {
    this.#ring = parts.ring
    this.#container = parts.container
    this.#file = parts.file
  }

  get failure(): WrittenRecording['failure'] {
    return this.#failure
  }

  /** Writes the beginning of the file. */
  start(): Promise<void> {
    return this.#exclusively(async () => {
      this.#gather(this.#container.start())
      await this.#writeOut()
    })
  }

  /** Writes what is in the ring. */
  pump(): Promise<void> {
    return this.#exclusively(() => this.#drain())
  }

  /** Makes everything so far readable and safe. */
  sync(): Promise<void> {
    return this.#exclusively(async () => {
      await this.#drain()
      this.#gather(this.#container.flush())
      await this.#writeOut()
      await this.#writeHead()
      await this.#file.sync()
    })
  }

  /** Writes what is left and that much silence, and closes the file. Never throws. */
  async finish(silenceMs: number): Promise<WrittenRecording> {
    await this.#exclusively(async () => {
      await this.#drain()
      this.#silence += Math.round((silenceMs * this.#container.sampleRate) / 1000)
      await this.#makeSilence()
      this.#gather(this.#container.finish())
      await this.#writeOut()
      await this.#writeHead()
      await this.#file.sync()
    })
    await this.#close()
    const durationMs = Math.round((this.#writtenSamples * 1000) / this.#container.sampleRate)
    const written = { bytes: this.#bytes, durationMs }
    return this.#failure ? { ...written, failure: this.#failure } : written
  }

  audio(samples: Int16Array, rate: number): void {
    this.#append(this.#atFileRate(samples, rate))
  }

  silence(count: number, rate: number): void {
    let made = 0
    if (this.#resampler) {
      // What is still inside the filter comes out before it is quiet.
      const from = this.#resampler.from
      made = this.#container.sampleRate / 50
      this.#append(this.#atFileRate(new Int16Array(from / 50), from))
      this.#resampler = undefined
    }
    this.#silence += Math.max(0, Math.round((count * this.#container.sampleRate) / rate) - made)
  }

  async #drain(): Promise<void> {
    while (this.#ring.readBlock(this)) {
      if (this.#silence > 0) await this.#makeSilence()
      if (this.#pendingBytes >= chunkBytes) await this.#writeOut()
    }
    await this.#writeOut()
  }

  async #makeSilence(): Promise<void> {
    const second = new Int16Array(this.#container.sampleRate)
    while (this.#silence > 0) {
      const count = Math.min(this.#silence, second.length)
      this.#append(second.subarray(0, count))
      this.#silence -= count
      if (this.#pendingBytes >= chunkBytes) await this.#writeOut()
    }
  }

  #append(samples: Int16Array): void {
    this.#gather(this.#container.append(samples))
    this.#samples += samples.length
  }

  #gather(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
  }

  async #writeOut(): Promise<void> {
    const samples = this.#samples
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    if (bytes.length > 0) await this.#file.append(bytes)
    this.#bytes += bytes.length
    this.#writtenSamples = samples
  }

  async #writeHead(): Promise<void> {
    if (this.#headBytes === this.#bytes) return
    const head = this.#container.head(this.#bytes)
    if (head) await this.#file.rewriteHead(head)
    this.#headBytes = this.#bytes
  }

  #atFileRate(samples: Int16Array, rate: number): Int16Array {
    const to = this.#container.sampleRate
    if (rate === to) {
      this.#resampler = undefined
      return samples
    }
    if (this.#resampler?.from !== rate) this.#resampler = new Resampler(rate as ResamplerRate, to as ResamplerRate)
    const output = new Int16Array((samples.length * to) / rate)
    this.#resampler.process(samples, output)
    return output
  }

  /** One step at a time; the first failure is the last step. */
  #exclusively(step: () => Promise<void>): Promise<void> {
    this.#busy = this.#busy.then(async () => {
      if (this.#failure) {
        this.#ring.clear()
        return
      }
      try {
        await step()
      } catch (error) {
        this.#failure = { reason: failureOf(error), message: error instanceof Error ? error.message : String(error) }
      }
    })
    return this.#busy
  }

  /** A file that could not be finished still ends where its head says. */
  async #close(): Promise<void> {
    try {
      if (this.#failure) {
        await this.#file.truncate(this.#bytes)
        await this.#writeHead()
      }
    } catch {
      // The reason that the recording failed for is already known.
    }
    try {
      await this.#file.close()
    } catch (error) {
      this.#failure ??= { reason: failureOf(error), message: String(error) }
    }
    this.#container.free()
  }
}
