// Closing an account: freeze it for 30 days, take it back in that time, or delete it.
import { UserError } from '../base/errors.ts'
import { type Clock, formatTimestamp } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import { type Customer, permission, type Unregister } from '../schema/account.ts'
import { changeCustomer, customerRow, customerView, deleteCustomer } from './customers.ts'
import { deletionTime, isFrozen } from './freeze.ts'
import { type Identity, requirePermission } from './identity.ts'
import { verifyPassword } from './password.ts'

export interface ClosingService {
  freeze(customerId: string): Promise<Customer>
  recover(customerId: string): Promise<Customer>
  /** The caller's own customer. Throws INVALID_ARGUMENT unless exactly one of password and phrase is given and right. */
  unregister(identity: Identity, input: Unregister): Promise<Customer>
  /** Deletes customers whose 30 days are over; answers how many. Until it ran they are shut out all the same. */
  deleteExpired(): Promise<number>
}

/** @param closed told that a customer was frozen or deleted */
export function createClosingService(
  ledger: Ledger,
  clock: Pick<Clock, 'wallMicros'>,
  closed: (customerId: string) => Promise<void> = async () => undefined,
): ClosingService {
  const now = (): string => formatTimestamp(clock.wallMicros())
  const freeze = async (id: string): Promise<Customer> => {
    const row = await customerRow(ledger, id)
    if (isFrozen(row)) return customerView(row)
    const frozen = await changeCustomer(ledger, id, { status: 'frozen', tm_deletion_scheduled: now() })
    await closed(id)
    return frozen
  }
  const remove = async (id: string): Promise<Customer> => {
    const removed = await deleteCustomer(ledger, id)
    await closed(id)
    return removed
  }
  return {
    freeze,
    async recover(id) {
      const row = await customerRow(ledger, id)
      if (!isFrozen(row)) return customerView(row)
      return changeCustomer(ledger, id, { status: 'active', tm_deletion_scheduled: '' })
    },
    async unregister(identity, input) {
      requirePermission(identity, permission.customerAdmin)
      await confirm(ledger, identity, input)
      return input.immediate === true ? remove(identity.customerId) : freeze(identity.customerId)
    },
    async deleteExpired() {
      const frozen = await ledger.find('customer', { where: { status: 'frozen' } })
      const due = frozen.filter((row) => deletionTime(row) <= now())
      for (const row of due) await remove(row.id)
      return due.length
    },
  }
}

async function confirm(ledger: Ledger, identity: Identity, input: Unregister): Promise<void> {
  const { password, confirmation_phrase: phrase } = input
  if ((password === undefined) === (phrase === undefined)) {
    throw new UserError('INVALID_ARGUMENT', 'give either password or "confirmation_phrase": "DELETE", and not both')
  }
  if (phrase !== undefined) {
    if (phrase === 'DELETE') return
    throw new UserError('INVALID_ARGUMENT', 'confirmation_phrase must be the word DELETE', {
      details: [{ field: 'confirmation_phrase' }],
    })
  }
  const row = identity.kind === 'agent' ? await ledger.get('agent', identity.id) : undefined
  if (await verifyPassword(password ?? '', row?.password_hash)) return
  throw new UserError(
    'INVALID_ARGUMENT',
    'password is wrong, or the caller has none: use confirmation_phrase instead',
    {
      details: [{ field: 'password' }],
    },
  )
}
