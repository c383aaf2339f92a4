// New rows of recordings, and rows as the API, the event log and the flows that follow a recording show them.
import { newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { NewEvent } from '../event/ledger.ts'
import type { Recording } from '../schema/recording.ts'
import type { RecordingRow } from '../schema/rows.ts'

export type RecordingFormat = Recording['format']

export interface NewRecording {
  readonly customerId: string
  readonly ownerType: string
  readonly ownerId: string
  readonly activeflowId: string
  readonly referenceType: Recording['reference_type']
  readonly referenceId: string
  readonly format: RecordingFormat
  readonly onEndFlowId: string
  readonly at: string
}

export function newRecordingRow(recording: NewRecording): RecordingRow {
  return {
    id: newUuid(),
    customer_id: recording.customerId,
    owner_type: recording.ownerType,
    owner_id: recording.ownerId,
    activeflow_id: recording.activeflowId || nilUuid,
    reference_type: recording.referenceType,
    reference_id: recording.referenceId,
    status: 'initiating',
    format: recording.format,
    on_end_flow_id: recording.onEndFlowId || nilUuid,
    tm_start: '',
    tm_end: '',
    tm_create: recording.at,
    tm_update: '',
    tm_delete: notDeleted,
    files: [],
  }
}

export function showRecording({ files: _internal, ...visible }: RecordingRow): Recording {
  return visible
}

/** `files` and `error` are told in events only. `error` is empty when nothing went wrong. */
export const recordingEvent = (word: 'started' | 'finished', row: RecordingRow, error = ''): NewEvent => ({
  type: `recording_${word}`,
  customer_id: row.customer_id,
  conference_id: row.reference_type === 'confbridge' ? row.reference_id : nilUuid,
  data: { ...showRecording(row), files: row.files, ...(word === 'finished' && { error }) },
})

/** A call makes a file for each direction, a conference one. */
export const sidesOf = (row: Pick<RecordingRow, 'reference_type'>): readonly ('in' | 'out')[] =>
  row.reference_type === 'call' ? ['in', 'out'] : ['in']

export const fileName = (row: Pick<RecordingRow, 'id' | 'format'>, side: 'in' | 'out'): string =>
  `${row.id}_${side}.${row.format}`

/** What a flow learns of a recording. */
export const recordingVariables = (row: RecordingRow): Record<string, string> => ({
  'voipbin.recording.id': row.id,
  'voipbin.recording.reference_type': row.reference_type,
  'voipbin.recording.reference_id': row.reference_id,
  'voipbin.recording.format': row.format,
  'voipbin.recording.recording_name': row.id,
  'voipbin.recording.filenames': sidesOf(row)
    .map((side) => fileName(row, side))
    .join(','),
})
