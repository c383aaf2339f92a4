// From a credential to an identity. Rows are read on every request, so that a deleted agent, a changed password,
// a lowered permission or a frozen customer takes effect at once.
import { hash } from 'node:crypto'
import { UserError } from '../base/errors.ts'
import { type Clock, formatTimestamp, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import { type Agent, permission } from '../schema/account.ts'
import type { AccesskeyRow, AgentRow } from '../schema/rows.ts'
import { agentView } from './agent-view.ts'
import { accountFrozen, exists, isFrozen } from './freeze.ts'
import { type Identity, isSuperAdmin } from './identity.ts'
import { invalidCredentials, passwordStamp, type TokenClaims, type Tokens } from './tokens.ts'

export type Credential = { readonly kind: 'token' | 'accesskey'; readonly value: string }

export interface Authenticator {
  /**
   * Throws INVALID_CREDENTIALS, DIRECT_ACCESS_NOT_SUPPORTED, or ACCOUNT_FROZEN unless `frozen` customers are let in.
   */
  authenticate(credential: Credential, options?: { readonly frozen?: boolean }): Promise<Identity>
}

export const hashAccesskey = (token: string): string => hash('sha256', token)

export function createAuthenticator(ledger: Ledger, clock: Pick<Clock, 'wallMicros'>, tokens: Tokens): Authenticator {
  const byToken = async (claims: TokenClaims): Promise<Identity> => {
    if (claims.type === 'direct')
      throw new UserError(
        'DIRECT_ACCESS_NOT_SUPPORTED',
        'a direct token gives no access here: log in or use an access key',
      )
    const row = await ledger.get('agent', claims.agentId)
    if (!row || row.tm_delete !== notDeleted || passwordStamp(row) !== claims.stamp) throw invalidCredentials()
    const agent = agentIdentity(row)
    if (claims.type === 'agent') return agent
    if (!isSuperAdmin(agent)) throw invalidCredentials()
    await requireCustomer(agent.customerId, {})
    return delegateIdentity(agent, claims.customerId)
  }
  const byAccesskey = async (token: string): Promise<Identity> => {
    const [row] = await ledger.find('accesskey', { where: { token_hash: hashAccesskey(token) }, limit: 1 })
    if (!row || row.tm_expire <= formatTimestamp(clock.wallMicros())) throw invalidCredentials()
    return accesskeyIdentity(row)
  }
  const requireCustomer = async (id: string, options: { readonly frozen?: boolean }): Promise<void> => {
    const row = await ledger.get('customer', id)
    if (!row || row.tm_delete !== notDeleted || !exists(row, formatTimestamp(clock.wallMicros())))
      throw invalidCredentials()
    if (isFrozen(row) && options.frozen !== true) throw accountFrozen(row)
  }
  return {
    async authenticate(credential, options = {}) {
      const identity =
        credential.kind === 'token'
          ? await byToken(await tokens.verify(credential.value))
          : await byAccesskey(credential.value)
      await requireCustomer(identity.customerId, options)
      return identity
    },
  }
}

export function agentIdentity(row: AgentRow): Identity {
  return { kind: 'agent', id: row.id, customerId: row.customer_id, permission: row.permission, me: agentView(row) }
}

function delegateIdentity(agent: Identity, customerId: string): Identity {
  const me = {
    ...agent.me,
    customer_id: customerId,
    permission: permission.customerAdmin,
    tag_ids: [],
    addresses: [],
    direct_hash: '',
  }
  return { kind: 'delegate', id: agent.id, customerId, permission: permission.customerAdmin, me }
}

/** An access key looks like an agent of the key's name, for clients that ask who they are. */
function accesskeyIdentity(row: AccesskeyRow): Identity {
  const { token_hash: _1, token_prefix: _2, tm_expire: _3, ...shared } = row
  const me: Agent = {
    ...shared,
    username: row.name,
    ring_method: 'ringall',
    status: 'available',
    permission: permission.customerAdmin,
    tag_ids: [],
    addresses: [],
    direct_hash: '',
  }
  return { kind: 'accesskey', id: row.id, customerId: row.customer_id, permission: me.permission, me }
}
