// What recordings ask of the calls, conferences and flows around them, and of the disk.
import type { EngineCommand, EngineReplies } from '../media/engine.ts'
import type { CallStatus } from '../schema/call.ts'
import type { Conference } from '../schema/conference.ts'
import type { RecordingFile } from '../schema/recording.ts'
import type { CallRow, ConferenceRow } from '../schema/rows.ts'

/** A call that is alive. */
export interface RecordedCall {
  readonly id: string
  readonly customerId: string
  readonly legId: string
  readonly row: CallRow
  /** Aborted when the call is over. */
  readonly ended: AbortSignal
  status(): CallStatus
  beep(signal: AbortSignal): Promise<void>
  /** Takes over fields that are being committed together with a recording, so that what the call writes next does not undo them. */
  amend(set: RecordingFields): void
}

/** What a call or a conference says of its recordings. */
export interface RecordingFields {
  readonly recording_id: string
  readonly recording_ids: string[]
  readonly tm_update: string
}

export interface RecordedCalls {
  live(callId: string): RecordedCall | undefined
}

/** The focus, as far as recordings are concerned. */
export interface RecordedConferences {
  /** Runs `task` alone among all changes of this conference, with its present row. */
  alone<T>(conferenceId: string, task: (row: ConferenceRow | undefined) => Promise<T>): Promise<T>
  /** Participants that are `joined` now. */
  joinedIds(conferenceId: string): string[]
  show(row: ConferenceRow): Promise<Conference>
}

/** Flows that follow a recording. */
export interface RecordingFlows {
  /** Starts an activeflow of `reference_type` recording, without a call. */
  start(request: {
    readonly customerId: string
    readonly flowId: string
    readonly recordingId: string
    /** The activeflow that recorded; nil when none did. */
    readonly activeflowId: string
    readonly variables: Readonly<Record<string, string>>
  }): Promise<unknown>
}

/** The engine, as far as recordings are concerned. */
export interface RecordingEngine {
  request<C extends Extract<EngineCommand, { kind: 'recordStart' | 'recordStop' | 'statistics' }>>(
    command: C,
  ): Promise<EngineReplies[C['kind']]>
}

/** The folder of recordings. Names hold no separators. Every method throws OperationalError when the disk fails. */
export interface RecordingFiles {
  /** Absolute path for the engine to write to. */
  pathOf(name: string): string
  /** Octets that may still be written. */
  freeBytes(): Promise<number>
  /** Names of the files of one recording, in order of their names. */
  namesOf(recordingId: string): Promise<string[]>
  /** Makes a file whole that nobody writes to any more, and describes it; undefined when there is nothing of it. */
  mend(name: string): Promise<RecordingFile | undefined>
  /** Makes one file of several of the same format, one after the other, and describes it; the parts are gone then. */
  join(name: string, parts: readonly FilePart[]): Promise<RecordingFile | undefined>
  /** Those that are not there are no failure. */
  remove(names: readonly string[]): Promise<void>
  /** Octets of a file now; undefined when there is none. */
  size(name: string): Promise<number | undefined>
  /** Octets `start` to `end`, both included. */
  read(name: string, start: number, end: number): AsyncIterable<Uint8Array>
}

export interface FilePart {
  readonly name: string
  /** Silence before it, in milliseconds; what formats cannot say is left out. */
  readonly gapMs: number
}
