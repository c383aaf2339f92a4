// Customers: the tenants. A customer sees and changes itself; a project super admin makes, changes and freezes all.
import { UserError } from '../base/errors.ts'
import { newSecret, newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import { closingChanges } from '../routing/closing.ts'
import type { Customer, CustomerPatch, CustomerSelf } from '../schema/account.ts'
import type { CustomerRow } from '../schema/rows.ts'
import type { PageRequest } from './page-request.ts'

/** Fields that a customer or a super admin changes, each through a route of its own besides the first seven. */
export type CustomerChange = CustomerPatch & {
  readonly billing_account_id?: string
  readonly metadata?: { readonly rtp_debug: boolean }
}

export interface CustomerService {
  create(input: CustomerPatch): Promise<Customer>
  get(id: string): Promise<Customer>
  /** With the webhook secret, which nobody but the customer itself sees. */
  self(id: string): Promise<CustomerSelf>
  list(page: PageRequest): Promise<Customer[]>
  update(id: string, change: CustomerChange): Promise<Customer>
  /** Deletes the customer, its agents and its access keys. */
  remove(id: string): Promise<Customer>
}

export function createCustomerService(ledger: Ledger): CustomerService {
  return {
    async create(input) {
      for (let attempt = 1; ; attempt += 1) {
        const row = { ...newCustomerRow(ledger.timestamp(), await nextAccountNumber(ledger)), ...input }
        try {
          await ledger.commit([{ insert: 'customer', row }])
          return customerView(row)
        } catch (error) {
          // Another one took the number; it is unique in the ledger.
          if (!(error instanceof UserError && error.code === 'ALREADY_EXISTS') || attempt === 5) throw error
        }
      }
    },
    async get(id) {
      return customerView(await customerRow(ledger, id))
    },
    async self(id) {
      const row = await customerRow(ledger, id)
      return { ...customerView(row), webhook_secret: row.webhook_secret }
    },
    async list(page) {
      return (await ledger.find('customer', page)).map(customerView)
    },
    update: (id, change) => changeCustomer(ledger, id, change),
    remove: (id) => deleteCustomer(ledger, id),
  }
}

/** The row, or CUSTOMER_NOT_FOUND. */
export async function customerRow(ledger: Ledger, id: string): Promise<CustomerRow> {
  const row = await ledger.get('customer', id)
  if (row && row.tm_delete === notDeleted) return row
  throw new UserError('CUSTOMER_NOT_FOUND', `there is no customer ${id}`)
}

export async function changeCustomer(ledger: Ledger, id: string, change: Partial<CustomerRow>): Promise<Customer> {
  const row = await customerRow(ledger, id)
  const set = { ...change, tm_update: ledger.timestamp() }
  await ledger.commit([{ update: 'customer', id, set }])
  return customerView({ ...row, ...set })
}

export async function deleteCustomer(ledger: Ledger, id: string): Promise<Customer> {
  const row = await customerRow(ledger, id)
  const now = ledger.timestamp()
  const gone = { tm_update: now, tm_delete: now }
  const where = { customer_id: id }
  const agents = await ledger.find('agent', { where })
  const accesskeys = await ledger.find('accesskey', { where })
  const changes: Change[] = [
    { update: 'customer', id, set: { ...gone, status: 'deleted' } },
    ...agents.map((agent): Change => ({ update: 'agent', id: agent.id, set: gone })),
    ...accesskeys.map((key): Change => ({ update: 'accesskey', id: key.id, set: gone })),
    ...(await closingChanges(ledger, id, now)),
  ]
  await ledger.commit(changes)
  return customerView({ ...row, ...gone, status: 'deleted' })
}

export function newCustomerRow(now: string, accountNumber: number): CustomerRow {
  return {
    id: newUuid(),
    name: '',
    detail: '',
    email: '',
    phone_number: '',
    address: '',
    webhook_method: '',
    webhook_uri: '',
    billing_account_id: nilUuid,
    metadata: { rtp_debug: false },
    email_verified: false,
    status: 'active',
    identity_verification_status: '',
    tm_deletion_scheduled: '',
    account_number: accountNumber,
    webhook_secret: newSecret(32),
    line_secret_sealed: '',
    line_token_sealed: '',
    tm_create: now,
    tm_update: '',
    tm_delete: notDeleted,
  }
}

export function customerView(row: CustomerRow): Customer {
  const { account_number: _1, webhook_secret: _2, line_secret_sealed: _3, line_token_sealed: _4, ...customer } = row
  return customer
}

/** Numbers are never given twice, so deleted customers count. */
async function nextAccountNumber(ledger: Ledger): Promise<number> {
  const rows = await ledger.find('customer', { deleted: true })
  return rows.reduce((highest, row) => Math.max(highest, row.account_number), 0) + 1
}
