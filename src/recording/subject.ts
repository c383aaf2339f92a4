// What is recorded, a call or a conference: what is asked of it before, and how it says that it is being recorded, in the recording's own commits.
import { UserError } from '../base/errors.ts'
import { nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import { callEvent } from '../call/call-row.ts'
import { conferenceEvent } from '../conference/presentation.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { ConferenceRow } from '../schema/rows.ts'
import type { RecordedCall, RecordedConferences, RecordingFields } from './ports.ts'
import { notProgressing } from './refusals.ts'
import type { Recorded } from './take.ts'

export interface Subject {
  readonly kind: 'call' | 'confbridge'
  /** As messages name it. */
  readonly word: 'call' | 'conference'
  readonly id: string
  readonly customerId: string
  readonly ownerType: string
  readonly ownerId: string
  readonly recorded: Recorded
  alive(): boolean
  /** Calls back once when it is over, at once when it is; the answer ends that. */
  onEnd(over: () => void): () => void
  /** Commits `changes` and that the recording runs. Throws UserError when the subject can be recorded no more. */
  began(recordingId: string, changes: readonly Change[]): Promise<void>
  /** Commits `changes` and that the recording is over. */
  finished(recordingId: string, changes: readonly Change[]): Promise<void>
}

export function callSubject(call: RecordedCall, ledger: Ledger): Subject {
  const { row } = call
  return {
    kind: 'call',
    word: 'call',
    id: call.id,
    customerId: call.customerId,
    ownerType: row.owner_type,
    ownerId: row.owner_id,
    recorded: { legId: call.legId },
    alive: () => !call.ended.aborted && call.status() === 'progressing',
    onEnd(over) {
      if (call.ended.aborted) over()
      else call.ended.addEventListener('abort', over, { once: true })
      return () => call.ended.removeEventListener('abort', over)
    },
    async began(recordingId, changes) {
      if (call.ended.aborted || call.status() !== 'progressing') throw notProgressing(call.id, call.status())
      const set = startFields(recordingId, call.row, ledger)
      call.amend(set)
      await ledger.commit([
        ...changes,
        { update: 'call', id: call.id, set },
        { event: callEvent('updated', { ...call.row, ...set }) },
      ])
    },
    async finished(recordingId, changes) {
      const { recording_id, recording_ids } = call.row
      if (recording_id !== recordingId) {
        await ledger.commit(changes)
        return
      }
      const set = { recording_id: nilUuid, recording_ids, tm_update: ledger.timestamp() }
      call.amend(set)
      const over = call.ended.aborted || call.status() === 'hangup'
      await ledger.commit([
        ...changes,
        { update: 'call', id: call.id, set },
        ...(over ? [] : [{ event: callEvent('updated', { ...call.row, ...set }) }]),
      ])
    },
  }
}

export interface ConferenceSubjectParts {
  readonly row: ConferenceRow
  readonly conferences: RecordedConferences
  readonly ledger: Ledger
}

export function conferenceSubject({ row, conferences, ledger }: ConferenceSubjectParts): Subject {
  let over = false
  const { id } = row
  return {
    kind: 'confbridge',
    word: 'conference',
    id,
    customerId: row.customer_id,
    ownerType: '',
    ownerId: nilUuid,
    recorded: { mixId: id },
    alive: () => !over,
    onEnd(tell) {
      const unsubscribe = ledger.subscribe((event) => {
        if (event.conference_id !== id || !isEndOfConference(event)) return
        unsubscribe()
        over = true
        tell()
      })
      return unsubscribe
    },
    began: (recordingId, changes) =>
      conferences.alone(id, async (found) => {
        const now = mayRecord(found, id)
        await ledger.commit([
          ...changes,
          ...(await conferenceChanges(startFields(recordingId, now, ledger), now, conferences)),
        ])
      }),
    finished: (recordingId, changes) =>
      conferences.alone(id, async (found) => {
        over = true
        await ledger.commit([...changes, ...(await clearConference({ recordingId, found, conferences, ledger }))])
      }),
  }
}

/** Throws UserError unless the conference is `progressing`. */
export function mayRecord(row: ConferenceRow | undefined, id: string): ConferenceRow {
  if (row === undefined) throw new UserError('CONFERENCE_NOT_FOUND', `conference ${id} does not exist`)
  if (row.status === 'progressing') return row
  throw new UserError(
    'STATE_INVALID',
    `conference ${id} is ${row.status}; only a progressing conference can be recorded`,
  )
}

/** The changes by which a conference says that the recording is over. */
export async function clearConference(parts: {
  readonly recordingId: string
  readonly found: ConferenceRow | undefined
  readonly conferences: RecordedConferences
  readonly ledger: Ledger
}): Promise<Change[]> {
  const { recordingId, found, conferences, ledger } = parts
  if (found?.recording_id !== recordingId) return []
  const { recording_ids } = found
  return conferenceChanges({ recording_id: nilUuid, recording_ids, tm_update: ledger.timestamp() }, found, conferences)
}

async function conferenceChanges(
  set: RecordingFields,
  row: ConferenceRow,
  conferences: RecordedConferences,
): Promise<Change[]> {
  const update: Change = { update: 'conference', id: row.id, set }
  // Of a conference that is gone nobody wants to hear updates.
  if (row.tm_delete !== notDeleted) return [update]
  return [update, { event: conferenceEvent('updated', await conferences.show({ ...row, ...set })) }]
}

const startFields = (
  recordingId: string,
  row: { readonly recording_ids: readonly string[] },
  ledger: Ledger,
): RecordingFields => ({
  recording_id: recordingId,
  recording_ids: [...row.recording_ids, recordingId],
  tm_update: ledger.timestamp(),
})

function isEndOfConference(event: {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}): boolean {
  if (event.type === 'conference_deleted') return true
  return event.type === 'conference_updated' && event.data['status'] === 'terminating'
}
