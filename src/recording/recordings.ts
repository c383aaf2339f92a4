// Recordings as a service: start and stop those of calls and conferences, read, delete and download them.
import { OperationalError, UserError } from '../base/errors.ts'
import { isUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { type Clock, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { EngineNotice } from '../media/engine.ts'
import type { Recording } from '../schema/recording.ts'
import type { RecordingRow } from '../schema/rows.ts'
import { type Download, downloadOf } from './download.ts'
import type { EndConditions } from './end-conditions.ts'
import { LiveRecording } from './live-recording.ts'
import { LiveRecordings } from './live-recordings.ts'
import type { RecordedCalls, RecordedConferences, RecordingEngine, RecordingFiles, RecordingFlows } from './ports.ts'
import { newRecordingRow, recordingVariables, showRecording } from './recording-row.ts'
import { recoverRecordings } from './recover.ts'
import { alreadyActive, diskFull, noRecording, notActive, notProgressing } from './refusals.ts'
import { createSigner, type Signer } from './signature.ts'
import { callSubject, conferenceSubject, mayRecord, type Subject } from './subject.ts'

export interface RecordingsOptions {
  readonly ledger: Ledger
  readonly engine: RecordingEngine
  readonly files: RecordingFiles
  readonly calls: RecordedCalls
  readonly conferences: RecordedConferences
  readonly flows: RecordingFlows
  readonly clock: Clock
  readonly log: Log
}

/** What may be said of a recording that is to start. Seconds; 0 for never. */
export interface RecordingInput {
  readonly format: 'wav' | 'ogg'
  readonly duration: number
  readonly end_of_silence: number
  /** '' or 'none', 'any', or keys of 0-9 A-D # *. */
  readonly end_of_key: string
  /** Nil for none. */
  readonly on_end_flow_id: string
}

export interface Paging {
  readonly before?: string
  readonly limit: number
}

/** Room that must be left on the disk for a recording to start, octets. */
const leastFree = 64 * 2 ** 20

export class Recordings {
  readonly #options: RecordingsOptions
  readonly #signer: Signer
  readonly #live = new LiveRecordings()
  /** What is about to be recorded. */
  readonly #claimed = new Set<string>()
  readonly #ending = new Set<Promise<unknown>>()
  #closed = false

  constructor(options: RecordingsOptions) {
    this.#options = options
    this.#signer = createSigner(options.ledger, options.clock)
  }

  /** Throws UserError CALL_NOT_FOUND, CALL_NOT_PROGRESSING, RECORDING_ALREADY_ACTIVE; OperationalError on a full disk. */
  async startForCall(customerId: string, callId: string, input: RecordingInput): Promise<Recording> {
    const row = await this.#options.ledger.get('call', callId)
    if (row?.customer_id !== customerId || row.tm_delete !== notDeleted)
      throw new UserError('CALL_NOT_FOUND', `call ${callId} does not exist`)
    return showRecording(await this.recordCall(callId, { input, activeflowId: row.activeflow_id }))
  }

  /** The same for a caller that knows whose call it is. */
  async recordCall(
    callId: string,
    { input, activeflowId, beep = false }: { input: RecordingInput; activeflowId: string; beep?: boolean },
  ): Promise<RecordingRow> {
    const call = this.#options.calls.live(callId)
    const status = call === undefined || call.ended.aborted ? 'hangup' : call.status()
    if (call === undefined || status !== 'progressing') throw notProgressing(callId, status)
    const subject = callSubject(call, this.#options.ledger)
    return this.#claim(subject, async () => {
      if (beep) await call.beep(call.ended)
      return this.#start(subject, input, activeflowId)
    })
  }

  /** Resolves once the files are complete. Throws UserError CALL_NOT_FOUND, RECORDING_NOT_ACTIVE. */
  async stopForCall(customerId: string, callId: string): Promise<Recording> {
    const row = await this.#options.ledger.get('call', callId)
    if (row?.customer_id !== customerId || row.tm_delete !== notDeleted)
      throw new UserError('CALL_NOT_FOUND', `call ${callId} does not exist`)
    return this.#stop('call', callId)
  }

  /** Throws UserError CONFERENCE_NOT_FOUND, STATE_INVALID, RECORDING_ALREADY_ACTIVE, INVALID_ARGUMENT when nobody is in it; OperationalError on a full disk. */
  async startForConference(customerId: string, conferenceId: string, input: RecordingInput): Promise<Recording> {
    const { ledger, conferences } = this.#options
    const found = await ledger.get('conference', conferenceId)
    const row = mayRecord(found?.customer_id === customerId ? found : undefined, conferenceId)
    const subject = conferenceSubject({ row, conferences, ledger })
    return showRecording(
      await this.#claim(subject, () => {
        if (conferences.joinedIds(row.id).length === 0)
          throw new UserError(
            'INVALID_ARGUMENT',
            `nobody is in conference ${row.id}; record it once somebody has joined`,
          )
        return this.#start(subject, input, nilUuid)
      }),
    )
  }

  /** Resolves once the file is complete. Throws UserError CONFERENCE_NOT_FOUND, RECORDING_NOT_ACTIVE. */
  async stopForConference(customerId: string, conferenceId: string): Promise<Recording> {
    const row = await this.#options.ledger.get('conference', conferenceId)
    if (row?.customer_id !== customerId)
      throw new UserError('CONFERENCE_NOT_FOUND', `conference ${conferenceId} does not exist`)
    return this.#stop('conference', conferenceId)
  }

  /** Stops what is recorded of it, if anything is; resolves once that is stored. */
  async stopIfAny(subjectId: string): Promise<void> {
    await this.#live.of(subjectId)?.stop()
  }

  async get(customerId: string, id: string): Promise<Recording> {
    return showRecording(await this.#own(customerId, id))
  }

  async list(customerId: string, page: Paging): Promise<Recording[]> {
    const rows = await this.#options.ledger.find('recording', { where: { customer_id: customerId }, ...page })
    return rows.map(showRecording)
  }

  /** Stops it if need be, then removes its files. */
  async remove(customerId: string, id: string): Promise<Recording> {
    const { reference_id } = await this.#own(customerId, id)
    const live = this.#live.of(reference_id)
    if (live?.row.id === id) await live.stop()
    const row = await this.#own(customerId, id)
    const { ledger, files } = this.#options
    // In this order: what is interrupted can be repeated.
    await files.remove(await files.namesOf(id))
    const at = ledger.timestamp()
    const set = { tm_update: at, tm_delete: at }
    await ledger.commit([{ update: 'recording', id, set }])
    return showRecording({ ...row, ...set })
  }

  /** A permit to download it without a credential, for some minutes. Throws STATE_INVALID while it runs, RECORDING_NOT_FOUND without files. */
  async permit(customerId: string, id: string): Promise<string> {
    const row = await this.#own(customerId, id)
    if (row.status !== 'ended')
      throw new UserError('STATE_INVALID', `recording ${id} is ${row.status}; its files are complete once it has ended`)
    if (row.files.length === 0) throw new UserError('RECORDING_NOT_FOUND', `recording ${id} has no files`)
    return this.#signer.sign(id)
  }

  /** Throws INVALID_CREDENTIALS for a permit that we did not give or that is over. */
  async download(id: string, permit: string): Promise<Download> {
    if (!(await this.#signer.verify(id, permit)))
      throw new UserError(
        'INVALID_CREDENTIALS',
        'this address is wrong or too old; ask /v1.0/recordingfiles for a new one',
      )
    const row = await this.#options.ledger.get('recording', id)
    const found = row?.tm_delete === notDeleted ? await downloadOf(row, this.#options.files) : undefined
    if (found === undefined) throw noRecording(id)
    return found
  }

  /** Takes every notice of the media engine. */
  onNotice(notice: EngineNotice): void {
    this.#live.about(notice)?.onNotice(notice)
  }

  /** A key that the engine does not know of: it came by INFO. */
  onKey(callId: string, digit: string): void {
    this.#live.of(callId)?.onKey(digit)
  }

  /** Completes what a dead process left. To be called when calls, conferences and activeflows were recovered. */
  async recover(): Promise<void> {
    const ended = await recoverRecordings(this.#options)
    for (const row of ended) await this.#follow(row)
  }

  /** Ends every recording and resolves once all are stored; none starts any more. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#live.all().map((recording) => recording.stop()))
    await Promise.all(this.#ending)
  }

  async #claim<T>(subject: Subject, task: () => Promise<T>): Promise<T> {
    const { id, word } = subject
    if (this.#claimed.has(id) || this.#live.of(id)) throw alreadyActive(word, id)
    this.#claimed.add(id)
    try {
      return await task()
    } finally {
      this.#claimed.delete(id)
    }
  }

  async #start(subject: Subject, input: RecordingInput, activeflowId: string): Promise<RecordingRow> {
    const { ledger, files } = this.#options
    if (this.#closed) throw new OperationalError('no recording can start: the server is stopping')
    await this.#checkFlow(subject.customerId, input.on_end_flow_id)
    if ((await files.freeBytes()) < leastFree) throw diskFull()
    const row = newRecordingRow({
      customerId: subject.customerId,
      ownerType: subject.ownerType,
      ownerId: subject.ownerId,
      activeflowId,
      referenceType: subject.kind,
      referenceId: subject.id,
      format: input.format,
      onEndFlowId: input.on_end_flow_id,
      at: ledger.timestamp(),
    })
    const { engine, clock, log } = this.#options
    const conditions: EndConditions = {
      duration: input.duration,
      endOfSilence: input.end_of_silence,
      endOfKey: input.end_of_key,
    }
    const deps = { ledger, engine, files, clock, log, over: (over: LiveRecording) => this.#over(over) }
    const recording = new LiveRecording(row, subject, { conditions, deps })
    this.#live.add(recording)
    await recording.start()
    return recording.row
  }

  async #stop(word: 'call' | 'conference', id: string): Promise<Recording> {
    const recording = this.#live.of(id)
    if (recording === undefined) throw notActive(word, id)
    await recording.stop()
    return showRecording(recording.row)
  }

  #over(recording: LiveRecording): void {
    const { row } = recording
    this.#live.remove(recording)
    if (row.tm_start === '') return
    const following = this.#follow(row).finally(() => this.#ending.delete(following))
    this.#ending.add(following)
  }

  /** Starts the flow that is to follow a recording. */
  async #follow(row: RecordingRow): Promise<void> {
    const flowId = row.on_end_flow_id
    if (flowId === nilUuid) return
    const { flows, log } = this.#options
    const { id: recordingId, customer_id: customerId, activeflow_id: activeflowId } = row
    try {
      await flows.start({ customerId, flowId, recordingId, activeflowId, variables: recordingVariables(row) })
    } catch (error) {
      log.warn({ recording_id: recordingId, flow_id: flowId, err: error }, 'flow after a recording could not start')
    }
  }

  async #checkFlow(customerId: string, flowId: string): Promise<void> {
    if (flowId === nilUuid) return
    const flow = isUuid(flowId) ? await this.#options.ledger.get('flow', flowId) : undefined
    if (flow?.customer_id === customerId && flow.tm_delete === notDeleted) return
    throw new UserError(
      'INVALID_ARGUMENT',
      `on_end_flow_id "${flowId}" is not a flow of yours; create one with POST /flows or leave it out`,
      { details: [{ field: 'on_end_flow_id' }] },
    )
  }

  async #own(customerId: string, id: string): Promise<RecordingRow> {
    const row = await this.#options.ledger.get('recording', id)
    if (row?.customer_id !== customerId || row.tm_delete !== notDeleted) throw noRecording(id)
    return row
  }
}
