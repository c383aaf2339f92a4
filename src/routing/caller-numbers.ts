// The number that a customer's call to a telephone shows: one of its own, so that nobody calls in another's name.
import type { Ledger } from '../event/ledger.ts'
import { parseE164 } from './e164.ts'
import { ownedNumber } from './numbers.ts'

export interface CallerNumbers {
  /** `wanted` when the customer owns it, else its oldest number that is not virtual; empty when it owns none. */
  numberFor(customerId: string, wanted: string): Promise<string>
}

export const createCallerNumbers = (options: { readonly ledger: Ledger }): CallerNumbers => ({
  async numberFor(customerId, wanted) {
    const { ledger } = options
    const number = parseE164(wanted)
    const owned = number === undefined ? undefined : await ownedNumber(ledger, number)
    if (owned?.customer_id === customerId && owned.type === 'normal') return owned.number
    const numbers = await ledger.find('number', { where: { customer_id: customerId, type: 'normal' } })
    return numbers.at(-1)?.number ?? ''
  },
})
