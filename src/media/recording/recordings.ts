// The recordings of an engine: which mixes and members are recorded into which files, and what became of them.
import { Bug, OperationalError, UserError } from '../../base/errors.ts'
import type { MixMember, MixRate } from '../mix-member.ts'
import type { LegSide } from '../recorded-leg.ts'
import { fromPlainError } from '../worker-message.ts'
import type { RecordingFormat } from './container.ts'
import type { FinishedFile, FromFileThread } from './file-message.ts'
import type { FileThread } from './file-thread.ts'
import { Recorder } from './recorder.ts'
import type { RecordingFailure } from './recording-file.ts'
import { createRingMemory, SampleRing } from './sample-ring.ts'

/** 16-bit words of a ring: 2.7 s at 48 kHz, 16 s at 8 kHz. */
const ringWords = 131_072

export interface RecordingRequest {
  readonly recordingId: string
  /** The file to be made; it must not exist. */
  readonly path: string
  readonly format: RecordingFormat
  /** The track's owner, whose side alone is recorded; absent for the whole mix. */
  readonly track?: Track | undefined
  /** Of the file; 16 kHz, or the mix's when that is higher, when absent. */
  readonly fileRate?: MixRate | undefined
}

/** With `side` it is recorded in whatever mix it is, and outside. */
export interface Track {
  readonly legId: string
  readonly member: MixMember
  readonly side?: LegSide | undefined
}

/** The mix that is recorded, or one side of a leg. */
export interface RecordedMix {
  readonly rate: MixRate
  add(member: MixMember): void
  remove(member: MixMember): void
}

export type RecordingNotice =
  | {
      readonly kind: 'recordingFinished'
      readonly recordingId: string
      readonly legId?: string | undefined
      readonly side?: LegSide | undefined
      readonly file: FinishedFile
      /** Replaced by silence because the disk was too slow. */
      readonly lostMs: number
    }
  | {
      readonly kind: 'recordingFailed'
      readonly recordingId: string
      readonly legId?: string | undefined
      readonly side?: LegSide | undefined
      readonly reason: RecordingFailure
      readonly message: string
      /** What there is of it; readable. */
      readonly file: FinishedFile
      readonly lostMs: number
    }
  /** Sent once for a file, when its first frame is lost. */
  | {
      readonly kind: 'recordingOverflow'
      readonly recordingId: string
      readonly legId?: string | undefined
      readonly side?: LegSide | undefined
    }

export interface RecordingsSettings {
  readonly thread: FileThread
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly notify: (notice: RecordingNotice) => void
}

interface Open {
  readonly request: RecordingRequest
  readonly mix: RecordedMix
  readonly ring: SampleRing
  readonly memory: ReturnType<typeof createRingMemory>
  readonly started: Deferred<undefined>
  readonly finished: Deferred<FinishedFile>
  recorder: Recorder | undefined
  /** The recorder is in the mix. */
  listening: boolean
  overflowTold: boolean
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

export class Recordings {
  readonly #settings: RecordingsSettings
  /** By file, see `keyOf`. */
  readonly #open = new Map<string, Open>()
  /** When the first file of a recording began. */
  readonly #startedAt = new Map<string, number>()

  constructor(settings: RecordingsSettings) {
    this.#settings = settings
    settings.thread.listen({ receive: (message) => this.#receive(message), died: (reason) => this.#died(reason) })
  }

  /**
   * Resolves when the file is there and the next tick is in it. Files of one recording begin together: one that is added later begins with silence.
   * Throws UserError ALREADY_EXISTS, or OperationalError when there can be no such file.
   */
  async start(request: RecordingRequest, mix: RecordedMix): Promise<void> {
    const fileId = keyOf(request)
    if (this.#open.has(fileId)) throw new UserError('ALREADY_EXISTS', `Recording ${fileId} is running.`)
    const memory = createRingMemory(ringWords)
    const rate = request.fileRate ?? (mix.rate === 48_000 ? mix.rate : 16_000)
    this.#settings.thread.post({ kind: 'record', fileId, path: request.path, format: request.format, rate, memory })
    const open: Open = {
      request,
      mix,
      memory,
      ring: new SampleRing(memory),
      started: deferred(),
      finished: deferred(),
      recorder: undefined,
      listening: false,
      overflowTold: false,
    }
    this.#open.set(fileId, open)
    await open.started.promise
  }

  /** Ends every file of a recording; resolves with them when they are on the disk. Throws UserError RECORDING_NOT_FOUND. */
  async stop(recordingId: string): Promise<readonly FinishedFile[]> {
    const own = [...this.#open].filter(([, { request }]) => request.recordingId === recordingId)
    // Its participants may all have left.
    if (!this.#startedAt.delete(recordingId) && own.length === 0)
      throw new UserError('RECORDING_NOT_FOUND', `There is no recording ${recordingId}.`)
    return Promise.all(own.map(([fileId]) => this.#finish(fileId)))
  }

  /** A member leaves its mix: its tracks end; those of its sides only when it `closes`. */
  memberLeft(member: MixMember, { closes } = { closes: false }): void {
    for (const [fileId, { request }] of this.#open) {
      const { track } = request
      if (track?.member === member && (closes || track.side === undefined)) this.#finish(fileId).catch(() => undefined)
    }
  }

  /** Once a second or so: announces files that lose frames. */
  tend(): void {
    for (const open of this.#open.values()) {
      if (open.overflowTold || !open.recorder || open.recorder.lostMs === 0) continue
      open.overflowTold = true
      this.#settings.notify({ kind: 'recordingOverflow', ...names(open) })
    }
  }

  /** Ends every recording and resolves when all are on the disk. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#open.keys()].map((fileId) => this.#finish(fileId)))
  }

  async #finish(fileId: string): Promise<FinishedFile> {
    const open = this.#open.get(fileId)
    if (!open) throw new Bug(`Recording ${fileId} is gone.`)
    await open.started.promise
    // Whoever comes second waits for the same end.
    if (open.recorder && this.#detach(open)) {
      const silenceMs = open.recorder.stop()
      this.#settings.thread.post({ kind: 'finish', fileId, silenceMs })
    }
    return open.finished.promise
  }

  /** Takes the recorder out of its mix; false when that was done before. */
  #detach(open: Open): boolean {
    if (!open.recorder || !open.listening) return false
    open.listening = false
    open.mix.remove(open.recorder)
    return true
  }

  #begin(open: Open): void {
    const { request, mix, ring } = open
    const { now } = this.#settings
    const startedAt = this.#startedAt.get(request.recordingId) ?? now()
    this.#startedAt.set(request.recordingId, startedAt)
    open.recorder = new Recorder({
      ring,
      now,
      startedAt,
      only: request.track?.side ? undefined : request.track?.member,
    })
    mix.add(open.recorder)
    open.listening = true
    open.started.resolve(undefined)
  }

  #receive(message: FromFileThread): void {
    if (!('fileId' in message)) return
    const open = this.#open.get(message.fileId)
    if (!open) return
    if (message.kind === 'recording') {
      this.#begin(open)
      return
    }
    this.#forget(message.fileId)
    if (message.kind === 'refused' || message.failure) this.#abandon(open.request.recordingId)
    if (message.kind === 'refused') {
      open.started.reject(fromPlainError(message.error))
      return
    }
    const { file, failure } = message
    this.#tell(open, file, failure)
    open.finished.resolve(file)
  }

  #died(reason: string): void {
    for (const [fileId, open] of [...this.#open]) {
      this.#forget(fileId)
      this.#abandon(open.request.recordingId)
      const error = new OperationalError(`The recording was cut off: ${reason}`)
      open.started.reject(error)
      const file = { path: open.request.path, bytes: 0, durationMs: 0, sha256: '' }
      if (open.recorder) this.#tell(open, file, { reason: 'engine_closed', message: reason })
      open.finished.resolve(file)
    }
  }

  #tell(open: Open, file: FinishedFile, failure?: { reason: RecordingFailure; message: string }): void {
    const lostMs = open.recorder?.lostMs ?? 0
    this.#detach(open)
    this.#settings.notify(
      failure
        ? { kind: 'recordingFailed', ...names(open), ...failure, file, lostMs }
        : { kind: 'recordingFinished', ...names(open), file, lostMs },
    )
  }

  /** A recording of which every file failed is over. */
  #abandon(recordingId: string): void {
    for (const { request } of this.#open.values()) if (request.recordingId === recordingId) return
    this.#startedAt.delete(recordingId)
  }

  #forget(fileId: string): void {
    this.#open.delete(fileId)
  }
}

const keyOf = ({ recordingId, track }: RecordingRequest): string =>
  track === undefined ? recordingId : `${recordingId}/${track.legId}${track.side === undefined ? '' : `/${track.side}`}`

function names({ request }: Open): {
  recordingId: string
  legId: string | undefined
  side: LegSide | undefined
} {
  const { recordingId, track } = request
  return { recordingId, legId: track?.legId, side: track?.side }
}

function deferred<T>(): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  // Somebody waits for it or nobody does; both are fine.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
