// What a dead process left of its recordings: files made whole, rows ended, calls and conferences that name them set right, and all of that told.
import { nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { RecordingFile } from '../schema/recording.ts'
import type { RecordingRow } from '../schema/rows.ts'
import type { RecordedConferences, RecordingFiles } from './ports.ts'
import { fileName, recordingEvent, sidesOf } from './recording-row.ts'
import { clearConference } from './subject.ts'

export interface RecoverParts {
  readonly ledger: Ledger
  readonly files: RecordingFiles
  readonly conferences: RecordedConferences
  readonly log: Log
}

/** Answers the recordings that it ended. */
export async function recoverRecordings(parts: RecoverParts): Promise<RecordingRow[]> {
  const { ledger, log } = parts
  const ended: RecordingRow[] = []
  for (const status of ['initiating', 'recording', 'stopping'] as const) {
    for (const row of await ledger.find('recording', { where: { status }, deleted: true })) {
      const files = await wholeFiles(row, parts)
      const at = ledger.timestamp()
      const set = { status: 'ended', tm_end: at, tm_update: at, files } as const
      const now: RecordingRow = { ...row, ...set }
      await store(now, parts, [
        { update: 'recording', id: row.id, set },
        { event: recordingEvent('finished', now, 'server restarted') },
      ])
      log.info({ recording_id: row.id, files: files.length }, 'a recording of an earlier process was completed')
      ended.push(now)
    }
  }
  return ended
}

async function wholeFiles(row: RecordingRow, { files }: RecoverParts): Promise<RecordingFile[]> {
  const names = await files.namesOf(row.id)
  const whole: RecordingFile[] = []
  for (const side of sidesOf(row)) {
    const mended: RecordingFile[] = []
    for (const name of names.filter((candidate) => candidate.startsWith(`${row.id}_${side}.`))) {
      const file = await files.mend(name)
      if (file) mended.push(file)
    }
    const parts = mended.map(({ name }) => ({ name, gapMs: 0 }))
    const file = parts.length > 1 ? await files.join(fileName(row, side), parts) : mended[0]
    if (file) whole.push(file)
  }
  return whole
}

async function store(row: RecordingRow, parts: RecoverParts, changes: readonly Change[]): Promise<void> {
  const { ledger, conferences } = parts
  const tm_update = ledger.timestamp()
  if (row.reference_type === 'confbridge') {
    await conferences.alone(row.reference_id, async (found) => {
      const clear = await clearConference({ recordingId: row.id, found, conferences, ledger })
      await ledger.commit([...changes, ...clear])
    })
    return
  }
  const call = await ledger.get('call', row.reference_id)
  const named = call?.recording_id === row.id
  const set = { recording_id: nilUuid, tm_update }
  await ledger.commit([...changes, ...(named ? [{ update: 'call', id: call.id, set } as const] : [])])
}
