// Whether an outgoing call that was not answered is tried by its next way, or is over.
import type { SessionEnd } from '../sip/user-agent-io.ts'
import { hangupVerdict } from './hangup-reason.ts'

/** Reasons that speak of the way, not of the person called: another provider may do better. */
const ofTheWay: readonly string[] = ['failed', 'dialout']

/** @param alerted whether a phone rang by this way */
export function mayTryNextWay(end: SessionEnd, alerted: boolean): boolean {
  if (end.by === 'local') return false
  // A provider that never said a word is down, whatever the person called would have said.
  if (end.by === 'timeout') return !alerted
  const { reason } = hangupVerdict({ direction: 'outgoing', before: 'dialing', end, wanted: '' })
  return ofTheWay.includes(reason)
}

export const isRedirect = (end: SessionEnd): boolean =>
  end.by === 'remote' && end.status >= 300 && end.status < 400 && end.contacts !== undefined
