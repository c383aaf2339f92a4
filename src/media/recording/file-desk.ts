// What the file thread does: writes recordings and decodes what is played, each by itself, so that a slow one delays no other.
import type { Clock, Timer } from '../../base/time.ts'
import { type ByteSource, openFileSource, type PlaySource } from '../playing/byte-source.ts'
import { PlayFailure } from '../playing/play-failure.ts'
import { pumpPlay } from '../playing/play-pump.ts'
import { repeatedSource } from '../playing/repeated-source.ts'
import { type Fetch, openUrlSource } from '../playing/url-source.ts'
import { toPlainError } from '../worker-message.ts'
import { type Container, WavContainer } from './container.ts'
import type { FromFileThread, ToFileThread } from './file-message.ts'
import { createOggOpusContainer } from './ogg-opus-container.ts'
import { createRecordingFile, type RecordingFile } from './recording-file.ts'
import { RecordingWriter, type WrittenRecording } from './recording-writer.ts'
import { hashFile } from './repair.ts'
import { SampleRing } from './sample-ring.ts'

/** How often rings are emptied, and every how many times files are made safe: once a second. */
const pumpMs = 100
const pumpsPerSync = 8

export interface FileDeskSettings {
  readonly clock: Pick<Clock, 'after' | 'now'>
  readonly post: (message: FromFileThread) => void
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Fetches what is played from an address; without it none is. */
  readonly fetch?: Fetch | undefined
  /** What a test may replace. */
  readonly createFile?: (path: string) => Promise<RecordingFile>
}

type Record = Extract<ToFileThread, { kind: 'record' }>
type Play = Extract<ToFileThread, { kind: 'play' }>

interface Writing {
  readonly path: string
  readonly writer: RecordingWriter
  timer: Timer | undefined
  pumps: number
  /** Its last steps are under way. */
  finishing: Promise<void> | undefined
}

interface Playing {
  readonly abort: AbortController
  readonly done: Promise<void>
}

export class FileDesk {
  readonly #settings: FileDeskSettings
  readonly #writing = new Map<string, Writing>()
  readonly #opening = new Map<string, Promise<void>>()
  readonly #playing = new Map<string, Playing>()

  constructor(settings: FileDeskSettings) {
    this.#settings = settings
  }

  async handle(message: ToFileThread): Promise<void> {
    if (message.kind === 'record') {
      const opening = this.#record(message)
      this.#opening.set(message.fileId, opening)
      await opening
      this.#opening.delete(message.fileId)
    } else if (message.kind === 'finish') {
      await this.#opening.get(message.fileId)
      await this.#finish(message.fileId, message.silenceMs)
    } else if (message.kind === 'play') {
      this.#play(message)
    } else if (message.kind === 'stopPlay') {
      this.#playing.get(message.playId)?.abort.abort()
    } else {
      await this.#close()
    }
  }

  async #record(message: Record): Promise<void> {
    const { post } = this.#settings
    const { fileId, path } = message
    try {
      const container = await this.#container(message)
      const writer = await this.#open(path, container, message)
      const writing: Writing = { path, writer, timer: undefined, pumps: 0, finishing: undefined }
      this.#writing.set(fileId, writing)
      post({ kind: 'recording', fileId })
      this.#arm(fileId, writing)
    } catch (error) {
      post({ kind: 'refused', fileId, error: toPlainError(error) })
    }
  }

  async #open(path: string, container: Container, message: Record): Promise<RecordingWriter> {
    try {
      const file = await (this.#settings.createFile?.(path) ?? createRecordingFile(path))
      const writer = new RecordingWriter({ ring: new SampleRing(message.memory), container, file })
      await writer.start()
      return writer
    } catch (error) {
      container.free()
      throw error
    }
  }

  async #container({ format, rate }: Record): Promise<Container> {
    if (format === 'wav') return new WavContainer(rate)
    return createOggOpusContainer({ sampleRate: rate, serial: Math.floor(this.#settings.random() * 2 ** 32) })
  }

  #arm(fileId: string, writing: Writing): void {
    writing.timer = this.#settings.clock.after(pumpMs, () => void this.#pump(fileId, writing))
  }

  async #pump(fileId: string, writing: Writing): Promise<void> {
    writing.pumps += 1
    await (writing.pumps % pumpsPerSync === 0 ? writing.writer.sync() : writing.writer.pump())
    if (writing.finishing) return
    if (writing.writer.failure) await this.#finish(fileId, 0)
    else this.#arm(fileId, writing)
  }

  async #finish(fileId: string, silenceMs: number): Promise<void> {
    const writing = this.#writing.get(fileId)
    if (!writing) return
    writing.timer?.cancel()
    writing.finishing ??= writing.writer
      .finish(silenceMs)
      .then((written) => this.#announce(fileId, writing.path, written))
    await writing.finishing
  }

  async #announce(fileId: string, path: string, written: WrittenRecording): Promise<void> {
    const { bytes, durationMs, failure } = written
    // The head is at the front and written last, so the checksum is taken from the file that is there.
    const sha256 = await hashFile(path).catch(() => '')
    this.#writing.delete(fileId)
    this.#settings.post({ kind: 'recorded', fileId, file: { path, bytes, durationMs, sha256 }, failure })
  }

  #play(message: Play): void {
    const { clock, post } = this.#settings
    const { playId, source, rate, loop, gainDb } = message
    const abort = new AbortController()
    const ended = (failure?: { reason: PlayFailure['reason']; message: string }): void => {
      this.#playing.delete(playId)
      post({ kind: 'played', playId, failure })
    }
    const settings = {
      ring: new SampleRing(message.memory),
      rate,
      loop,
      gainDb,
      clock,
      signal: abort.signal,
      open: loop ? repeatedSource(() => this.#source(source)) : () => this.#source(source),
      started: () => post({ kind: 'playing', playId }),
    }
    const done = pumpPlay(settings).then(
      () => ended(),
      (error: unknown) => ended(failureOf(error)),
    )
    this.#playing.set(playId, { abort, done })
  }

  async #source(source: PlaySource): Promise<ByteSource> {
    if (source.kind === 'file') return openFileSource(source.path)
    const { fetch, clock } = this.#settings
    if (!fetch) throw new PlayFailure('refused', 'Nothing is played from addresses here.')
    return openUrlSource(source.url, { fetch, clock })
  }

  async #close(): Promise<void> {
    for (const { abort } of this.#playing.values()) abort.abort()
    await Promise.all(this.#opening.values())
    await Promise.all([...this.#playing.values()].map(({ done }) => done))
    await Promise.all([...this.#writing.keys()].map((fileId) => this.#finish(fileId, 0)))
    this.#settings.post({ kind: 'closed' })
  }
}

function failureOf(error: unknown): { reason: PlayFailure['reason']; message: string } {
  if (error instanceof PlayFailure) return { reason: error.reason, message: error.message }
  return { reason: 'engine_failed', message: error instanceof Error ? error.message : String(error) }
}
