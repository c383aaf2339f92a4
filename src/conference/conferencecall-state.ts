// The life of a participant (the API's conferencecall): every state, every event, one table.
import type { Table } from '../base/machine.ts'
import type { ConferencecallStatus } from '../schema/conference.ts'

export type ConferencecallEvent =
  /** The leg is in the mix. */
  | { readonly kind: 'entered' }
  /** Kicked, left by its key, or the conference ends. */
  | { readonly kind: 'ejected' }
  /** The leg is out of the mix. */
  | { readonly kind: 'left' }
  /** The call ended. */
  | { readonly kind: 'died' }

export const conferencecallTable: Table<ConferencecallStatus, ConferencecallEvent> = {
  joining: { entered: { to: 'joined' }, ejected: { to: 'leaving' }, left: 'bug', died: { to: 'leaved' } },
  joined: { entered: 'bug', ejected: { to: 'leaving' }, left: 'bug', died: { to: 'leaving' } },
  // A leg whose join reply crosses the kick is taken out again by the focus.
  leaving: { entered: 'ignore', ejected: 'ignore', left: { to: 'leaved' }, died: 'ignore' },
  leaved: { entered: 'ignore', ejected: 'ignore', left: 'ignore', died: 'ignore' },
}
