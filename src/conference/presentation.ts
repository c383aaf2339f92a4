// Rows as the API and the event log show them: aliases and derived fields added, internals left out.
import type { NewEvent } from '../event/ledger.ts'
import type { Conference } from '../schema/conference.ts'
import type { ConferencecallRow, ConferenceRow } from '../schema/rows.ts'

export interface ConferenceFacts {
  readonly accountNumber: number
  readonly joinedIds: readonly string[]
}

export function showConference(row: ConferenceRow, facts: ConferenceFacts): Conference {
  const { tm_timeout: _internal, ...visible } = row
  return {
    ...visible,
    user_id: facts.accountNumber,
    pre_actions: row.pre_flow_id,
    post_actions: row.post_flow_id,
    conferencecall_ids: [...facts.joinedIds],
  }
}

export const conferenceEvent = (word: 'created' | 'updated' | 'deleted', conference: Conference): NewEvent => ({
  type: `conference_${word}`,
  customer_id: conference.customer_id,
  conference_id: conference.id,
  data: conference,
})

/** `conferencecall_joining` … `conferencecall_leaved`, by the row's own status. */
export const conferencecallEvent = (row: ConferencecallRow): NewEvent => ({
  type: `conferencecall_${row.status}`,
  customer_id: row.customer_id,
  conference_id: row.conference_id,
  data: { ...row },
})
