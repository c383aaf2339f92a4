// First start: one customer with account number 1, one agent with full permission, one access key. Later starts change nothing.
import { newSecret } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import { permission } from '../schema/account.ts'
import { accesskeyRow, newAccesskey } from './accesskeys.ts'
import { agentEvent, newAgentRow } from './agent-view.ts'
import { newCustomerRow } from './customers.ts'
import { hashPassword } from './password.ts'

const username = 'admin@localhost'

export interface BootstrapOptions {
  /** Password of the first agent; generated when absent. */
  readonly password?: string
  /** The first access key, `vb_` and 32 letters and digits; generated when absent. */
  readonly accesskey?: string
  /** Name of the first customer. */
  readonly customerName?: string
}

/** `password` and `accesskey` are there only when this start created the accounts; nothing shows them again. */
export interface Bootstrap {
  readonly created: boolean
  readonly customerId: string
  readonly username: string
  readonly password?: string
  readonly accesskey?: string
}

/** All or nothing: a start that fails half-way leaves an empty ledger behind, and the next one tries again. */
export async function bootstrapAccounts(ledger: Ledger, options: BootstrapOptions = {}): Promise<Bootstrap> {
  const customers = await ledger.find('customer', { deleted: true })
  const first = customers.find((row) => row.account_number === 1)
  if (first) return { created: false, customerId: first.id, username }
  const password = options.password ?? newSecret(20)
  const accesskey = options.accesskey ?? newAccesskey()
  const now = ledger.timestamp()
  const customer = { ...newCustomerRow(now, 1), name: options.customerName ?? 'Main customer' }
  const agent = {
    ...newAgentRow(customer.id, username, now),
    name: 'Administrator',
    permission: permission.all,
    password_hash: await hashPassword(password),
  }
  const key = accesskeyRow(customer.id, accesskey, {
    name: 'first key',
    detail: 'made at first start',
    expire: notDeleted,
    now,
  })
  await ledger.commit([
    { insert: 'customer', row: customer },
    { insert: 'agent', row: agent },
    { insert: 'accesskey', row: key },
    agentEvent('agent_created', agent),
  ])
  return { created: true, customerId: customer.id, username, password, accesskey }
}
