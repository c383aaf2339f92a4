// Who ended a call and why, in the API's words, from how its SIP session ended. The one place where SIP statuses become reasons.
import type { HangupReason } from '../base/errors.ts'
import type { CallStatus } from '../schema/call.ts'
import type { SessionEnd } from '../sip/user-agent-io.ts'

export interface Ending {
  readonly direction: 'incoming' | 'outgoing'
  /** Status just before the session ended. */
  readonly before: CallStatus
  readonly end: SessionEnd
  /** What the local side asked for when it ended the call; '' when it did not. */
  readonly wanted: HangupReason
}

export interface Verdict {
  readonly by: 'local' | 'remote'
  readonly reason: HangupReason
}

/** Q.850 causes that say more than the status they travel with (RFC 3326). */
const causes: Readonly<Record<number, HangupReason>> = {
  16: 'normal',
  17: 'busy',
  18: 'noanswer',
  19: 'noanswer',
  21: 'noanswer',
  26: 'normal',
}

const statuses: Readonly<Record<number, HangupReason>> = {
  0: 'dialout',
  408: 'noanswer',
  480: 'noanswer',
  486: 'busy',
  487: 'noanswer',
  600: 'busy',
  603: 'noanswer',
}

function unansweredOutgoing(end: SessionEnd): HangupReason {
  if (end.by === 'timeout') return 'noanswer'
  if (end.by === 'transport') return 'dialout'
  return (end.cause === undefined ? undefined : causes[end.cause]) ?? statuses[end.status] ?? 'failed'
}

/** Maps by direction and the status before the end; `wanted` wins when the local side ended the call. */
export function hangupVerdict({ direction, before, end, wanted }: Ending): Verdict {
  if (before === 'canceling') return { by: 'local', reason: wanted === '' || wanted === 'normal' ? 'cancel' : wanted }
  if (before === 'terminating') return { by: 'local', reason: wanted === '' ? 'normal' : wanted }
  if (before === 'progressing')
    return { by: 'remote', reason: end.by === 'timeout' || end.by === 'transport' ? 'timeout' : 'normal' }
  if (direction === 'incoming') return { by: 'remote', reason: 'normal' }
  return { by: 'remote', reason: unansweredOutgoing(end) }
}
