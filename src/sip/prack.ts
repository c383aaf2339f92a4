// Reliable provisional responses seen by the UAC (RFC 3262 §4): which are new, and the PRACK for them.
import { parseCSeq } from './cseq.ts'
import { parseDecimal } from './grammar.ts'
import { type Header, header, type SipResponse } from './message.ts'
import { optionTags } from './session-timer.ts'

/** RSeq of a response that asks for a PRACK; undefined for one that does not. */
export function reliableNumber(response: SipResponse): number | undefined {
  if (response.status === 100 || !optionTags(response, 'Require').includes('100rel')) return undefined
  return parseDecimal((header(response, 'RSeq') ?? '').trim(), 2 ** 32 - 1)
}

/** Whether a response numbered `number` is the next after `last`: repeated and overtaking ones are dropped. */
export const isNextReliable = (last: number | undefined, number: number): boolean =>
  last === undefined || number === last + 1

export function rackHeader(response: SipResponse, number: number): Header {
  const cseq = parseCSeq(header(response, 'CSeq') ?? '')
  return { name: 'RAck', value: `${number} ${cseq?.number ?? 0} ${cseq?.method ?? 'INVITE'}` }
}
