// Replaces (RFC 3891): which session a new call is to take the place of, read from an INVITE or from the Refer-To of a REFER.
import { type Dialog, dialogKey } from './dialog.ts'
import { isToken, splitOutsideQuotes } from './grammar.ts'
import { headers, type SipRequest } from './message.ts'
import type { DialogOwner } from './session-usage.ts'

export interface Replaces {
  readonly callId: string
  /** Tags as the one who is asked to replace knows them: `toTag` is its own. */
  readonly toTag: string
  readonly fromTag: string
  readonly earlyOnly: boolean
}

export type Dialogs = ReadonlyMap<string, { readonly dialog: Dialog; readonly owner: DialogOwner }>

/** Undefined when malformed: no Call-ID, or not exactly one tag of each kind (§6.1). */
export function parseReplaces(value: string): Replaces | undefined {
  const [callId = '', ...params] = splitOutsideQuotes(value, ';') ?? []
  const pairs = params.map((param) => param.split('=').map((part) => part.trim()))
  const all = (name: string): string[] =>
    pairs.filter(([key]) => key?.toLowerCase() === name).map(([, tag]) => tag ?? '')
  const [toTag = '', secondTo] = all('to-tag')
  const [fromTag = '', secondFrom] = all('from-tag')
  if (!/^\S+$/.test(callId) || secondTo !== undefined || secondFrom !== undefined) return undefined
  if (!isToken(toTag) || !isToken(fromTag)) return undefined
  return { callId, toTag, fromTag, earlyOnly: all('early-only').length > 0 }
}

export type Replacement =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'refused'; readonly status: number }

const refused = (status: number): Replacement => ({ kind: 'refused', status })

/** What the Replaces of an INVITE asks for (§3). */
export function replacementOf(request: SipRequest, dialogs: Dialogs): Replacement {
  const values = headers(request, 'Replaces')
  const [value, second] = values
  if (value === undefined) return { kind: 'none' }
  const replaces = second === undefined ? parseReplaces(value) : undefined
  // §3: more than one is an error, and so is Replaces together with Join (RFC 3911 §4).
  if (replaces === undefined || headers(request, 'Join').length > 0) return refused(400)
  return matchReplaces(replaces, dialogs)
}

/** The session that a Replaces names: 481 for none of ours that may be replaced, 486 when an early one was meant and it is confirmed. */
export function matchReplaces(replaces: Replaces, dialogs: Dialogs): Replacement {
  const found = dialogs.get(keyOf(replaces, replaces.fromTag)) ?? legacy(replaces, dialogs)
  if (found === undefined) return refused(481)
  const { dialog, owner } = found
  if (dialog.confirmed) return replaces.earlyOnly ? refused(486) : { kind: 'session', sessionId: owner.id }
  // §3: an early dialog only when it was us who called.
  const replaceable = dialog.role === 'uac' && owner.state === 'proceeding'
  return replaceable ? { kind: 'session', sessionId: owner.id } : refused(481)
}

const keyOf = ({ callId, toTag }: Replaces, fromTag: string): string => dialogKey(callId, toTag, fromTag)

/** §6.1: a tag of `0` also stands for none, which peers of RFC 2543 have. */
const legacy = (replaces: Replaces, dialogs: Dialogs): ReturnType<Dialogs['get']> =>
  replaces.fromTag === '0' ? dialogs.get(keyOf(replaces, '')) : undefined
