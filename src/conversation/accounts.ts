// Conversation accounts: the credentials of messaging channels, and the set-up of the LINE channel.
// Secrets go in, are sealed at once, and come out only towards LINE: never in an answer, a log line or an event.
import { UserError } from '../base/errors.ts'
import { isUuid, newUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { notDeleted } from '../base/time.ts'
import { type Change, type Ledger, type NewEvent, StaleRow } from '../event/ledger.ts'
import type { Customer } from '../schema/account.ts'
import type { ConversationAccount } from '../schema/conversation.ts'
import type { ConversationAccountRow, CustomerRow } from '../schema/rows.ts'
import {
  type AccountInput,
  type AccountPatch,
  checkAccountInput,
  checkAccountPatch,
  checkCredential,
  type LineInfoInput,
  type SetupInput,
} from './account-input.ts'
import type { LineGateway } from './line-gateway.ts'

/** Encrypts and decrypts texts that are kept at rest; `open` throws for a text that it did not seal. */
export interface Seal {
  seal(text: string): string
  open(text: string): string
}

/** `endpoint` is the hook address that was registered; account fields are there when an account was set up. */
export type SetupResult = { readonly reference_type: string; readonly endpoint?: string } & Partial<ConversationAccount>

/** Methods with an id throw UserError CONVERSATION_ACCOUNT_NOT_FOUND for a missing, deleted or foreign account. */
export interface ConversationAccounts {
  /** Type `line`: LINE must accept the hook first, else nothing is stored. Throws INVALID_ARGUMENT, LINE_REFUSED. */
  create(customerId: string, input: AccountInput): Promise<ConversationAccount>
  get(customerId: string, id: string): Promise<ConversationAccount>
  list(customerId: string, query: { readonly before?: string; readonly limit: number }): Promise<ConversationAccount[]>
  /** Absent fields stay. A new token of a LINE account is registered at LINE first. */
  update(customerId: string, id: string, patch: AccountPatch): Promise<ConversationAccount>
  /** Clears the hook at LINE when LINE lets it. */
  remove(customerId: string, id: string): Promise<ConversationAccount>
  /** Registers the hook of a channel. Throws INVALID_ARGUMENT, LINE_NOT_CONFIGURED, LINE_REFUSED. */
  setup(customerId: string, input: SetupInput): Promise<SetupResult>
  /** LINE credentials kept on the customer itself, used by `setup` when there is no account. */
  setLineInfo(customerId: string, input: LineInfoInput): Promise<Customer>
}

export interface ConversationAccountOptions {
  readonly ledger: Ledger
  readonly seal: Seal
  readonly line: LineGateway
  /** Base of the addresses that LINE calls; no slash at the end. */
  readonly publicUrl: string
  readonly log: Log
}

export const createConversationAccounts = (options: ConversationAccountOptions): ConversationAccounts =>
  new AccountService(options)

class AccountService implements ConversationAccounts {
  readonly #options: ConversationAccountOptions

  constructor(options: ConversationAccountOptions) {
    this.#options = options
  }

  async create(customerId: string, input: AccountInput): Promise<ConversationAccount> {
    const { type, name, detail, secret, token, provider_data, message_flow_id } = checkAccountInput(input)
    const { ledger, seal, line } = this.#options
    const id = newUuid()
    if (type === 'line') await line.setEndpoint(token, this.#accountHook(id))
    const row: ConversationAccountRow = {
      id,
      customer_id: customerId,
      type,
      name,
      detail,
      provider_data,
      message_flow_id,
      secret_sealed: secret === '' ? '' : seal.seal(secret),
      token_sealed: token === '' ? '' : seal.seal(token),
      tm_create: ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
    try {
      await ledger.commit([{ insert: 'conversation_account', row }, eventOf('account_created', row)])
    } catch (error) {
      if (type === 'line') await this.#clearHook(row)
      throw error
    }
    return shownAccount(row)
  }

  async get(customerId: string, id: string): Promise<ConversationAccount> {
    return shownAccount(await this.#row(customerId, id))
  }

  async list(
    customerId: string,
    query: { readonly before?: string; readonly limit: number },
  ): Promise<ConversationAccount[]> {
    const rows = await this.#options.ledger.find('conversation_account', {
      where: { customer_id: customerId },
      ...query,
    })
    return rows.map(shownAccount)
  }

  async update(customerId: string, id: string, patch: AccountPatch): Promise<ConversationAccount> {
    const old = await this.#row(customerId, id)
    const { secret, token, ...plain } = checkAccountPatch(patch, old.type)
    const { line, seal, ledger } = this.#options
    const newToken = token !== undefined && token !== this.#opened(old.token_sealed) ? token : undefined
    if (old.type === 'line' && newToken !== undefined) await line.setEndpoint(newToken, this.#accountHook(old.id))
    return this.#change('account_updated', old, {
      ...plain,
      ...(secret !== undefined && { secret_sealed: secret === '' ? '' : seal.seal(secret) }),
      ...(newToken !== undefined && { token_sealed: newToken === '' ? '' : seal.seal(newToken) }),
      tm_update: ledger.timestamp(),
    })
  }

  async remove(customerId: string, id: string): Promise<ConversationAccount> {
    const old = await this.#row(customerId, id)
    const now = this.#options.ledger.timestamp()
    const removed = await this.#change('account_deleted', old, { tm_update: now, tm_delete: now })
    if (old.type === 'line') await this.#clearHook(old)
    return removed
  }

  async setup(customerId: string, input: SetupInput): Promise<SetupResult> {
    if (input.reference_type === 'message') return { reference_type: 'message' }
    if (input.reference_type !== 'line') {
      throw new UserError('INVALID_ARGUMENT', 'reference_type must be "line" or "message"')
    }
    const { account_id: accountId = '', secret, token } = input
    const hasCredentials = (secret ?? '') !== '' || (token ?? '') !== ''
    if (accountId !== '' && accountId !== nilUuid) {
      const account = await this.#lineAccount(customerId, accountId)
      if (!hasCredentials) return this.#register(account)
      await this.update(customerId, account.id, { ...(secret && { secret }), ...(token && { token }) })
      return this.#register(await this.#row(customerId, account.id))
    }
    if (hasCredentials) return this.#setupWith(customerId, { secret, token })
    const [newest] = await this.#lineAccounts(customerId, 1)
    return newest ? this.#register(newest) : this.#registerCustomer(customerId)
  }

  async setLineInfo(customerId: string, input: LineInfoInput): Promise<Customer> {
    const { ledger, seal } = this.#options
    const secret = checkCredential(input.line_secret, 'line_secret')
    const token = checkCredential(input.line_token, 'line_token')
    const set = {
      ...(secret !== undefined && { line_secret_sealed: secret === '' ? '' : seal.seal(secret) }),
      ...(token !== undefined && { line_token_sealed: token === '' ? '' : seal.seal(token) }),
      tm_update: ledger.timestamp(),
    }
    const row = await this.#customer(customerId)
    await ledger.commit([{ update: 'customer', id: row.id, set }])
    return shownCustomer({ ...row, ...set })
  }

  #accountHook(id: string): string {
    return `${this.#options.publicUrl}/v1.0/conversation/accounts/${id}`
  }

  #opened(sealed: string): string {
    return sealed === '' ? '' : this.#options.seal.open(sealed)
  }

  async #row(customerId: string, id: string): Promise<ConversationAccountRow> {
    const row = isUuid(id) ? await this.#options.ledger.get('conversation_account', id.toLowerCase()) : undefined
    if (row?.customer_id === customerId && row.tm_delete === notDeleted) return row
    throw notFound(id)
  }

  async #lineAccount(customerId: string, id: string): Promise<ConversationAccountRow> {
    const row = await this.#row(customerId, id)
    if (row.type === 'line') return row
    throw new UserError('INVALID_ARGUMENT', `account_id names an account of type ${row.type}; give one of type line`)
  }

  #lineAccounts(customerId: string, limit?: number): Promise<ConversationAccountRow[]> {
    return this.#options.ledger.find('conversation_account', {
      where: { customer_id: customerId, type: 'line' },
      ...(limit !== undefined && { limit }),
    })
  }

  async #customer(customerId: string): Promise<CustomerRow> {
    const row = await this.#options.ledger.get('customer', customerId)
    if (!row || row.tm_delete !== notDeleted)
      throw new UserError('CUSTOMER_NOT_FOUND', `there is no customer ${customerId}`)
    return row
  }

  async #change(event: string, old: ConversationAccountRow, set: Partial<ConversationAccountRow>) {
    const row = { ...old, ...set }
    const when = { tm_delete: notDeleted }
    try {
      await this.#options.ledger.commit([
        { update: 'conversation_account', id: old.id, set, when },
        eventOf(event, row),
      ])
    } catch (error) {
      throw error instanceof StaleRow ? notFound(old.id) : error
    }
    return shownAccount(row)
  }

  async #clearHook(row: ConversationAccountRow): Promise<void> {
    try {
      await this.#options.line.setEndpoint(this.#opened(row.token_sealed), '')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#options.log.info({ account_id: row.id, reason }, 'LINE kept the hook of an account that is gone')
    }
  }

  async #register(row: ConversationAccountRow): Promise<SetupResult> {
    const token = this.#opened(row.token_sealed)
    if (token === '') {
      throw new UserError('LINE_NOT_CONFIGURED', `conversation account ${row.id} has no token; PUT one to it first`)
    }
    const endpoint = this.#accountHook(row.id)
    await this.#options.line.setEndpoint(token, endpoint)
    return { ...shownAccount(row), reference_type: 'line', endpoint }
  }

  /** The account with this token is used again, so that repeating a set-up makes no second one. */
  async #setupWith(customerId: string, given: Pick<SetupInput, 'secret' | 'token'>): Promise<SetupResult> {
    const input = checkAccountInput({ ...given, type: 'line', name: 'LINE' })
    const same = (await this.#lineAccounts(customerId)).find((row) => this.#opened(row.token_sealed) === input.token)
    if (same) {
      await this.update(customerId, same.id, { secret: input.secret })
      return this.#register(await this.#row(customerId, same.id))
    }
    const account = await this.create(customerId, input)
    return { ...account, reference_type: 'line', endpoint: this.#accountHook(account.id) }
  }

  async #registerCustomer(customerId: string): Promise<SetupResult> {
    const token = this.#opened((await this.#customer(customerId)).line_token_sealed)
    if (token === '') {
      throw new UserError(
        'LINE_NOT_CONFIGURED',
        'no LINE channel is configured; POST /v1.0/conversation_accounts with {"type": "line", "secret": "<channel secret>", ' +
          '"token": "<channel access token>"}, or put secret and token into this request',
      )
    }
    const endpoint = `${this.#options.publicUrl}/v1.0/conversation/customers/${customerId}/line`
    await this.#options.line.setEndpoint(token, endpoint)
    return { reference_type: 'line', customer_id: customerId, endpoint }
  }
}

function shownAccount(row: ConversationAccountRow): ConversationAccount {
  const { secret_sealed: _, token_sealed: __, ...shown } = row
  return shown
}

function shownCustomer(row: CustomerRow): Customer {
  const { account_number: _, webhook_secret: __, line_secret_sealed: ___, line_token_sealed: ____, ...shown } = row
  return shown
}

function eventOf(type: string, row: ConversationAccountRow): Change {
  const event: NewEvent = { type, customer_id: row.customer_id, conference_id: nilUuid, data: shownAccount(row) }
  return { event }
}

const notFound = (id: string): UserError =>
  new UserError('CONVERSATION_ACCOUNT_NOT_FOUND', `there is no conversation account ${id}`)
