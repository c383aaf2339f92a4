// Log-in with user name and password, and delegation: a super admin acting as the admin of a customer.
import { UserError } from '../base/errors.ts'
import { isUuid } from '../base/ids.ts'
import { type Clock, formatTimestamp, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Delegated, Delegation, LoggedIn } from '../schema/account.ts'
import { agentView } from './agent-view.ts'
import { exists } from './freeze.ts'
import { type Identity, isSuperAdmin } from './identity.ts'
import { verifyPassword } from './password.ts'
import { invalidCredentials, type Tokens } from './tokens.ts'

export interface LoginService {
  /** Throws INVALID_CREDENTIALS after the same time, whether the user or the password is wrong. */
  login(username: string, password: string): Promise<LoggedIn>
  /** Throws PERMISSION_DENIED, INVALID_DELEGATION or CUSTOMER_NOT_FOUND. */
  delegate(identity: Identity, input: Delegation): Promise<Delegated>
}

export function createLoginService(ledger: Ledger, clock: Pick<Clock, 'wallMicros'>, tokens: Tokens): LoginService {
  const now = (): string => formatTimestamp(clock.wallMicros())
  return {
    async login(username, password) {
      const [row] = await ledger.find('agent', { where: { username }, limit: 1 })
      const fits = await verifyPassword(password, row?.password_hash)
      const customer = row && (await ledger.get('customer', row.customer_id))
      if (!row || !fits || !customer || customer.tm_delete !== notDeleted || !exists(customer, now())) {
        throw new UserError('INVALID_CREDENTIALS', 'username or password is wrong')
      }
      return { username: row.username, token: await tokens.forAgent(row, agentView(row)) }
    },
    async delegate(identity, input) {
      if (identity.kind !== 'agent' || !isSuperAdmin(identity)) {
        throw new UserError('PERMISSION_DENIED', 'only a project super admin who logged in as an agent can delegate')
      }
      checkDelegation(input)
      const id = input.customer_id.toLowerCase()
      const customer = await ledger.get('customer', id)
      if (!customer || customer.tm_delete !== notDeleted || !exists(customer, now())) {
        throw new UserError('CUSTOMER_NOT_FOUND', `there is no customer ${id}`)
      }
      const row = await ledger.get('agent', identity.id)
      if (!row) throw invalidCredentials()
      return { customer_id: id, ...(await tokens.forDelegate(row, id)) }
    },
  }
}

function checkDelegation(input: Delegation): void {
  if (!isUuid(input.customer_id)) {
    throw new UserError('INVALID_DELEGATION', 'customer_id must be the UUID of a customer', {
      details: [{ field: 'customer_id' }],
    })
  }
  if (!/^[\x20-\x7e]{10,200}$/.test(input.reason)) {
    throw new UserError('INVALID_DELEGATION', 'reason must be 10 to 200 printable ASCII characters that say why', {
      details: [{ field: 'reason' }],
    })
  }
}
