// One recording while it is alive: its row, its state machine, and what it commits together with its call or conference.
import { Bug } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { step } from '../base/machine.ts'
import type { Clock } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { EngineNotice } from '../media/engine.ts'
import type { RecordingFile } from '../schema/recording.ts'
import type { RecordingRow } from '../schema/rows.ts'
import { type EndConditions, EndWatch } from './end-conditions.ts'
import type { RecordingEngine, RecordingFiles } from './ports.ts'
import { recordingEvent } from './recording-row.ts'
import { type RecordingEvent, recordingTable } from './recording-state.ts'
import type { Subject } from './subject.ts'
import { Take } from './take.ts'

export interface LiveRecordingDeps {
  readonly ledger: Ledger
  readonly engine: RecordingEngine
  readonly files: RecordingFiles
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly log: Log
  /** It is over and stored; its subject may be recorded anew. */
  readonly over: (recording: LiveRecording) => void
}

export class LiveRecording {
  readonly subject: Subject
  readonly #deps: LiveRecordingDeps
  readonly #take: Take
  readonly #watch: EndWatch
  readonly #started = Promise.withResolvers<boolean>()
  #row: RecordingRow
  #stopping: Promise<void> | undefined
  /** Ends the wait for the end of the subject. */
  #forget: () => void = () => {}

  constructor(row: RecordingRow, subject: Subject, options: { conditions: EndConditions; deps: LiveRecordingDeps }) {
    const { deps, conditions } = options
    this.#row = row
    this.subject = subject
    this.#deps = deps
    const end = (error = ''): void => void this.stop(error)
    this.#watch = new EndWatch(conditions, deps.clock, () => end())
    const { engine, files, clock, log } = deps
    this.#take = new Take({
      row,
      recorded: subject.recorded,
      engine,
      files,
      clock,
      log,
      alive: () => subject.alive(),
      failed: end,
    })
  }

  get row(): RecordingRow {
    return this.#row
  }

  get legId(): string | undefined {
    return 'legId' in this.subject.recorded ? this.subject.recorded.legId : undefined
  }

  /** Resolves once it runs and that is stored. Rejects when it cannot; that is stored, too. */
  async start(): Promise<void> {
    this.#forget = this.subject.onEnd(() => void this.stop())
    try {
      await this.#deps.ledger.commit([{ insert: 'recording', row: this.#row }])
      await this.#take.begin()
      await this.#begin()
    } catch (error) {
      await this.#abandon(error)
      throw error
    }
    this.#watch.begin()
    this.#started.resolve(true)
    await this.#listen()
  }

  /** Resolves once its files are complete and that is stored. `error` says why it ended when nobody wanted it to. Never rejects. */
  stop(error = ''): Promise<void> {
    this.#stopping ??= this.#stop(error)
    return this.#stopping
  }

  /** Takes the notices that are about it or its leg. */
  onNotice(notice: EngineNotice): void {
    this.#take.onNotice(notice)
    if (notice.kind === 'talking') this.#watch.talking(notice.talking)
    else if (notice.kind === 'digit') this.#watch.key(notice.digit)
    else if (notice.kind === 'recordingOverflow')
      this.#deps.log.warn(
        { recording_id: this.#row.id },
        'the disk is too slow for a recording; parts of it are silence',
      )
  }

  onKey(digit: string): void {
    this.#watch.key(digit)
  }

  async #begin(): Promise<void> {
    const at = this.#deps.ledger.timestamp()
    const { row, change } = this.#moved({ kind: 'began' }, { tm_start: at, tm_update: at })
    await this.subject.began(row.id, [change, { event: recordingEvent('started', row) }])
    this.#row = row
  }

  /** Whether the phone's user talks right now is not told by a notice. */
  async #listen(): Promise<void> {
    const { legId } = this
    if (legId === undefined || !this.#watch.minds.silence) return
    const statistics = await this.#deps.engine.request({ kind: 'statistics', legId }).catch(() => undefined)
    this.#watch.talking(statistics?.talking === true)
  }

  async #stop(error: string): Promise<void> {
    if (!(await this.#started.promise)) return
    const { log, ledger } = this.#deps
    try {
      this.#watch.close()
      this.#forget()
      const { row, change } = this.#moved({ kind: 'stop' }, { tm_update: ledger.timestamp() })
      this.#row = row
      await ledger.commit([change])
      await this.#finish(await this.#take.end(), error)
    } catch (cause) {
      log.error({ recording_id: this.#row.id, err: cause }, 'the end of a recording could not be stored')
    } finally {
      this.#deps.over(this)
    }
  }

  async #finish(files: RecordingFile[], error: string): Promise<void> {
    const at = this.#deps.ledger.timestamp()
    const { row, change } = this.#moved({ kind: 'finished' }, { tm_end: at, tm_update: at, files })
    await this.subject.finished(row.id, [change, { event: recordingEvent('finished', row, error) }])
    this.#row = row
    const fields = { recording_id: row.id, error, files: files.map(({ name, bytes }) => ({ name, bytes })) }
    if (error === '') this.#deps.log.info(fields, 'recording finished')
    else this.#deps.log.warn(fields, 'recording was cut off')
  }

  /** It never ran. */
  async #abandon(error: unknown): Promise<void> {
    const { ledger, files, log } = this.#deps
    this.#watch.close()
    this.#forget()
    try {
      const taken = await this.#take.end()
      await files.remove(taken.map(({ name }) => name))
      const at = ledger.timestamp()
      const { row, change } = this.#moved({ kind: 'finished' }, { tm_end: at, tm_update: at })
      this.#row = row
      const why = error instanceof Error ? error.message : String(error)
      await ledger.commit([change, { event: recordingEvent('finished', row, why) }])
    } catch (cause) {
      log.error({ recording_id: this.#row.id, err: cause }, 'a recording that failed could not be stored')
    }
    this.#started.resolve(false)
    this.#deps.over(this)
  }

  #moved(event: RecordingEvent, set: Partial<RecordingRow>): { row: RecordingRow; change: Change } {
    const { from, to, outcome } = step(recordingTable, this.#row.status, event, undefined)
    if (outcome !== 'moved') throw new Bug(`recording ${this.#row.id} got "${event.kind}" in ${from}`)
    this.#deps.log.info({ recording_id: this.#row.id, from, to }, 'recording')
    const full = { ...set, status: to }
    return { row: { ...this.#row, ...full }, change: { update: 'recording', id: this.#row.id, set: full } }
  }
}
