// Recordings over an engine and a folder that exist in memory only, with calls and conferences that a test makes.
import { createHash } from 'node:crypto'
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import { type Clock, notDeleted } from '../base/time.ts'
import { address, newCallRow } from '../call/call-row.ts'
import { showConference } from '../conference/presentation.ts'
import type { Ledger } from '../event/ledger.ts'
import type { EngineCommand, EngineNotice } from '../media/engine.ts'
import type { CallRow, ConferenceRow } from '../schema/rows.ts'
import type { RecordedCall, RecordedConferences, RecordingEngine, RecordingFiles, RecordingFlows } from './ports.ts'
import { Recordings } from './recordings.ts'

type Start = Extract<EngineCommand, { kind: 'recordStart' }>

/** Writes nothing; says what an engine says. */
export class FakeEngine {
  readonly commands: EngineCommand[] = []
  readonly open = new Map<string, Start>()
  talking = false
  refuse: Error | undefined
  notify: (notice: EngineNotice) => void = () => undefined
  readonly #files: FakeFiles

  constructor(files: FakeFiles) {
    this.#files = files
  }

  readonly request = (async (command: EngineCommand): Promise<unknown> => {
    this.commands.push(command)
    if (command.kind === 'statistics') return { talking: this.talking }
    if (command.kind === 'recordStart') {
      if (this.refuse) throw this.refuse
      this.open.set(command.path, command)
      this.#files.content.set(nameOf(command.path), Buffer.from('half'))
    }
    if (command.kind === 'recordStop') {
      const own = [...this.open.values()].filter(({ recordingId }) => recordingId === command.recordingId)
      if (own.length === 0) throw new UserError('RECORDING_NOT_FOUND', 'none')
      for (const start of own) this.finish(start)
    }
    return undefined
  }) as RecordingEngine['request']

  /** The file ends; with a reason because it failed. */
  finish(start: Start, failure?: 'disk_full' | 'engine_closed'): void {
    if (!this.open.delete(start.path)) return
    const name = nameOf(start.path)
    const bytes = Buffer.from(`whole ${name}`)
    if (failure === undefined) this.#files.content.set(name, bytes)
    const sha256 = failure ? '' : createHash('sha256').update(bytes).digest('hex')
    const file = { path: start.path, bytes: bytes.length, durationMs: 1000, sha256 }
    const side = 'side' in start ? start.side : undefined
    const about = { recordingId: start.recordingId, legId: start.legId, side, file, lostMs: 0 }
    this.notify(
      failure
        ? { kind: 'recordingFailed', ...about, reason: failure, message: 'it broke' }
        : { kind: 'recordingFinished', ...about },
    )
  }
}

export class FakeFiles implements RecordingFiles {
  readonly content = new Map<string, Uint8Array>()
  free = 2 ** 40

  pathOf(name: string): string {
    return `/recordings/${name}`
  }

  async freeBytes(): Promise<number> {
    return this.free
  }

  async namesOf(recordingId: string): Promise<string[]> {
    return [...this.content.keys()].filter((name) => name.startsWith(`${recordingId}_`)).sort()
  }

  async mend(name: string) {
    const bytes = this.content.get(name)
    if (!bytes) return undefined
    return { name, bytes: bytes.length, duration_ms: 500, sha256: createHash('sha256').update(bytes).digest('hex') }
  }

  async join(name: string, parts: readonly { readonly name: string; readonly gapMs: number }[]) {
    const whole = Buffer.concat(
      parts.flatMap((part) => [Buffer.from(` ${part.gapMs} `), this.content.get(part.name) ?? Buffer.alloc(0)]),
    )
    for (const part of parts) this.content.delete(part.name)
    this.content.set(name, whole)
    return this.mend(name)
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) this.content.delete(name)
  }

  async size(name: string): Promise<number | undefined> {
    return this.content.get(name)?.length
  }

  async *read(name: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    yield (this.content.get(name) ?? new Uint8Array(0)).subarray(start, end + 1)
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

export interface RecordingHouse {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly engine: FakeEngine
  readonly files: FakeFiles
  readonly recordings: Recordings
  readonly followed: Parameters<RecordingFlows['start']>[0][]
  /** Who is in which conference. */
  readonly joined: Map<string, string[]>
  call(customerId: string): Promise<FakeCall>
  conference(customerId: string): Promise<ConferenceRow>
  /** A new process on the same ledger and files. */
  restarted(): Recordings
}

/** A progressing call whose row is in the ledger. */
export class FakeCall implements RecordedCall {
  readonly #over = new AbortController()
  beeps = 0
  row: CallRow

  constructor(row: CallRow) {
    this.row = row
  }

  get id(): string {
    return this.row.id
  }

  get customerId(): string {
    return this.row.customer_id
  }

  get legId(): string {
    return this.row.leg_id
  }

  get ended(): AbortSignal {
    return this.#over.signal
  }

  status(): CallRow['status'] {
    return this.row.status
  }

  async beep(): Promise<void> {
    this.beeps += 1
  }

  amend(set: Partial<CallRow>): void {
    this.row = { ...this.row, ...set }
  }

  async hangup(ledger: Ledger): Promise<void> {
    this.amend({ status: 'hangup' })
    await ledger.commit([{ update: 'call', id: this.id, set: { status: 'hangup' } }])
    this.#over.abort()
  }
}

export function recordingHouse(ledger: Ledger, clock: Clock): RecordingHouse {
  const files = new FakeFiles()
  const engine = new FakeEngine(files)
  const followed: Parameters<RecordingFlows['start']>[0][] = []
  const joined = new Map<string, string[]>()
  const calls = new Map<string, FakeCall>()
  const conferences: RecordedConferences = {
    alone: async (id, task) => task(await ledger.get('conference', id)),
    joinedIds: (id) => joined.get(id) ?? [],
    show: async (row) => showConference(row, { accountNumber: 1, joinedIds: joined.get(row.id) ?? [] }),
  }
  const made = (): Recordings => {
    const recordings = new Recordings({
      ledger,
      engine,
      files,
      conferences,
      clock,
      log: silentLog,
      calls: { live: (id) => calls.get(id) },
      flows: { start: async (request) => followed.push(request) },
    })
    engine.notify = (notice) => recordings.onNotice(notice)
    return recordings
  }
  return {
    ledger,
    clock,
    engine,
    files,
    followed,
    joined,
    recordings: made(),
    restarted: made,
    async call(customerId) {
      const ids = { id: newUuid(), customerId, flowId: nilUuid, activeflowId: newUuid(), sipCallId: '' }
      const parties = { source: address('tel', '+1'), destination: address('tel', '+2') }
      const born = newCallRow({ ...ids, ...parties, direction: 'incoming', at: ledger.timestamp() })
      const call = new FakeCall({ ...born, status: 'progressing' })
      calls.set(call.id, call)
      await ledger.commit([{ insert: 'call', row: call.row }])
      return call
    },
    async conference(customerId) {
      const row = conferenceRow(customerId, ledger.timestamp())
      await ledger.commit([{ insert: 'conference', row }])
      return row
    },
  }
}

function conferenceRow(customerId: string, at: string): ConferenceRow {
  return {
    id: newUuid(),
    customer_id: customerId,
    type: 'conference',
    status: 'progressing',
    name: '',
    detail: '',
    data: {},
    timeout: 0,
    pre_flow_id: nilUuid,
    post_flow_id: nilUuid,
    conferencecall_ids: [],
    recording_id: nilUuid,
    recording_ids: [],
    transcribe_id: nilUuid,
    transcribe_ids: [],
    direct_hash: '',
    tm_end: '',
    tm_timeout: '',
    tm_create: at,
    tm_update: '',
    tm_delete: notDeleted,
  }
}
