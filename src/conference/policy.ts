// What is allowed in which state, as pure predicates, and the arithmetic of the timeout rule.

import { formatTimestamp } from '../base/time.ts'
import type { ConferencecallStatus } from '../schema/conference.ts'
import type { ConferenceRow } from '../schema/rows.ts'

/** Only `joining` and `joined` participants can be kicked. */
export const mayKick = (status: ConferencecallStatus): boolean => status === 'joining' || status === 'joined'

/** Whether somebody may still come in. */
export const mayJoin = (conference: Pick<ConferenceRow, 'status' | 'tm_delete'>): boolean =>
  conference.status === 'starting' || conference.status === 'progressing'

/** A `connect` conference is a bridge of two: when one remains, it has nobody to talk to and is let go. */
export const mustEjectLast = (type: ConferenceRow['type'], remaining: number): boolean =>
  type === 'connect' && remaining === 1

/** `data.leave_key` of a conference: a participant who presses one of these keys leaves. */
export function isLeaveKey({ data }: Pick<ConferenceRow, 'data'>, key: string): boolean {
  const { leave_key: keys } = data
  return typeof keys === 'string' && keys.toUpperCase().includes(key)
}

/** The API's rule for `timeout` in seconds: 0 never, 1-59 a day, the rest as given. */
export const effectiveTimeout = (seconds: number): number => (seconds > 0 && seconds < 60 ? 86_400 : seconds)

/** When a conference with this timeout ends by itself, as a timestamp; '' = never. */
export function timeoutAt(wallMicros: number, seconds: number): string {
  return seconds === 0 ? '' : formatTimestamp(wallMicros + seconds * 1_000_000)
}
