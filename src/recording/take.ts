// One recording as the engine writes it: a file for each side, begun together. Where the engine had to end them because the call moved to another
// worker, the next files continue, and all become one at the end. What the engine wrote comes with its notices.
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/time.ts'
import type { EngineNotice, RecordSource } from '../media/engine.ts'
import type { RecordingFile } from '../schema/recording.ts'
import type { RecordingRow } from '../schema/rows.ts'
import type { FilePart, RecordingEngine, RecordingFiles } from './ports.ts'
import { fileName, sidesOf } from './recording-row.ts'

type Side = 'in' | 'out'
type FileNotice = Extract<EngineNotice, { kind: 'recordingFinished' | 'recordingFailed' }>

/** What is recorded: both sides of a leg, or a mix. */
export type Recorded = { readonly legId: string } | { readonly mixId: string }

export interface TakeSettings {
  readonly row: Pick<RecordingRow, 'id' | 'format' | 'reference_type'>
  readonly recorded: Recorded
  readonly engine: RecordingEngine
  readonly files: RecordingFiles
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  /** Whether there is still something to record. */
  readonly alive: () => boolean
  /** The engine gave up, for this reason. */
  readonly failed: (reason: string) => void
}

interface Part {
  readonly side: Side
  readonly name: string
  result: FileNotice | undefined
}

/** Files that began together. */
interface Generation {
  /** The engine's name for it. */
  readonly recordingId: string
  readonly parts: readonly Part[]
  beganAt: number
}

export class Take {
  readonly #settings: TakeSettings
  readonly #generations: Generation[] = []
  #starting: Promise<void> = Promise.resolve()
  #ending = false

  constructor(settings: TakeSettings) {
    this.#settings = settings
  }

  /** Resolves when every file is being written. Rejects with what the engine says; then there are none. */
  async begin(): Promise<void> {
    try {
      await this.#next()
    } catch (error) {
      this.#ending = true
      await this.#stop()
      await this.#settings.files.remove(this.#generations.flatMap(({ parts }) => parts.map(({ name }) => name)))
      throw error
    }
  }

  onNotice(notice: EngineNotice): void {
    if (notice.kind !== 'recordingFinished' && notice.kind !== 'recordingFailed') return
    const generation = this.#generations.find(({ recordingId }) => recordingId === notice.recordingId)
    const part = generation?.parts.find(({ side }) => side === (notice.side ?? 'in'))
    if (!generation || !part) return
    part.result = notice
    if (this.#ending) return
    if (notice.kind === 'recordingFailed') this.#settings.failed(`${notice.reason}: ${notice.message}`)
    else if (complete(generation) && this.#settings.alive()) this.#continue()
  }

  /** Ends every file and answers one for each side; those of which nothing could be kept are left out. */
  async end(): Promise<RecordingFile[]> {
    this.#ending = true
    await this.#starting
    await this.#stop()
    const files: RecordingFile[] = []
    for (const side of sidesOf(this.#settings.row)) {
      const file = await this.#whole(side)
      if (file) files.push(file)
    }
    return files
  }

  #continue(): void {
    const { failed, log, row } = this.#settings
    log.info({ recording_id: row.id }, 'the call moved to another media worker; its recording goes on there')
    this.#starting = this.#next().catch((error: unknown) => {
      if (this.#settings.alive()) failed(error instanceof Error ? error.message : String(error))
    })
  }

  async #next(): Promise<void> {
    const { row, engine, files, clock } = this.#settings
    const number = this.#generations.length + 1
    const parts = sidesOf(row).map((side) => ({ side, name: partName(fileName(row, side), number), result: undefined }))
    const recordingId = `${row.id}.${number}`
    const generation: Generation = { recordingId, parts, beganAt: clock.now() }
    this.#generations.push(generation)
    const started = await Promise.allSettled(
      parts.map(async ({ side, name }) => {
        const { format } = row
        await engine.request({
          kind: 'recordStart',
          recordingId,
          path: files.pathOf(name),
          format,
          ...this.#source(side),
        })
        generation.beganAt = clock.now()
      }),
    )
    const refused = started.find((result) => result.status === 'rejected')
    if (refused) throw refused.reason
  }

  #source(side: Side): RecordSource {
    const { recorded } = this.#settings
    return 'mixId' in recorded ? recorded : { legId: recorded.legId, side }
  }

  async #stop(): Promise<void> {
    const last = this.#generations.at(-1)
    if (!last || complete(last)) return
    // A worker that died knows nothing of it any more; its files are looked at as they are.
    await this.#settings.engine
      .request({ kind: 'recordStop', recordingId: last.recordingId })
      .catch((error: unknown) =>
        this.#settings.log.debug({ recording_id: this.#settings.row.id, err: error }, 'recording was over already'),
      )
  }

  async #whole(side: Side): Promise<RecordingFile | undefined> {
    const { files, row } = this.#settings
    const parts: FilePart[] = []
    let heardUntil = 0
    let only: RecordingFile | undefined
    for (const { parts: all, beganAt } of this.#generations) {
      const part = all.find((candidate) => candidate.side === side)
      const file = part && (await this.#described(part))
      if (!file) continue
      parts.push({ name: file.name, gapMs: parts.length === 0 ? 0 : Math.max(0, Math.round(beganAt - heardUntil)) })
      heardUntil = beganAt + file.duration_ms
      only = file
    }
    return parts.length > 1 ? files.join(fileName(row, side), parts) : only
  }

  async #described({ name, result }: Part): Promise<RecordingFile | undefined> {
    if (result?.kind !== 'recordingFinished' || result.file.sha256 === '') return this.#settings.files.mend(name)
    const { bytes, durationMs, sha256 } = result.file
    return { name, bytes, duration_ms: durationMs, sha256 }
  }
}

const complete = ({ parts }: Generation): boolean => parts.every(({ result }) => result !== undefined)

/** The first part has the name of the whole. */
const partName = (name: string, number: number): string =>
  number === 1 ? name : name.replace(/(\.\w+)$/, `.part${String(number).padStart(4, '0')}$1`)
