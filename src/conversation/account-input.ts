// Checks what clients send about conversation accounts. A message names the field and never repeats a secret.
import { UserError } from '../base/errors.ts'
import { isUuid, nilUuid } from '../base/ids.ts'
import type { ConversationAccount } from '../schema/conversation.ts'

type AccountType = ConversationAccount['type']

const types: readonly AccountType[] = ['line', 'sms', 'whatsapp']

export interface AccountPatch {
  readonly name?: string | undefined
  readonly detail?: string | undefined
  readonly secret?: string | undefined
  readonly token?: string | undefined
  readonly provider_data?: string | undefined
  readonly message_flow_id?: string | undefined
}

export interface AccountInput extends AccountPatch {
  readonly type?: string | undefined
}

export interface SetupInput {
  readonly reference_type?: unknown
  readonly account_id?: string | undefined
  readonly secret?: string | undefined
  readonly token?: string | undefined
}

export interface LineInfoInput {
  readonly line_secret?: unknown
  readonly line_token?: unknown
}

/** With defaults filled in. Throws UserError INVALID_ARGUMENT. */
export function checkAccountInput(input: AccountInput) {
  const type = types.find((known) => known === input.type)
  if (!type) throw invalid(`type must be one of ${types.join(', ')}`)
  const { name = '', detail = '', provider_data = '', message_flow_id = '' } = input
  const secret = checkCredential(input.secret, 'secret') ?? ''
  const token = checkCredential(input.token, 'token') ?? ''
  if (type === 'line' && secret === '') throw invalid('secret is missing; a LINE account needs its channel secret')
  if (type === 'line' && token === '') throw invalid('token is missing; a LINE account needs its channel access token')
  return { type, name, detail, secret, token, provider_data, message_flow_id: flowIdOf(message_flow_id) }
}

/** Only the fields that are to change; a LINE account cannot lose its credentials, so empty ones are left out. Throws UserError INVALID_ARGUMENT. */
export function checkAccountPatch(patch: AccountPatch, type: AccountType) {
  const { name, detail, provider_data, message_flow_id } = patch
  const kept = (value: string | undefined): string | undefined => (type === 'line' && value === '' ? undefined : value)
  const secret = kept(checkCredential(patch.secret, 'secret'))
  const token = kept(checkCredential(patch.token, 'token'))
  return {
    ...(name !== undefined && { name }),
    ...(detail !== undefined && { detail }),
    ...(provider_data !== undefined && { provider_data }),
    ...(message_flow_id !== undefined && { message_flow_id: flowIdOf(message_flow_id) }),
    ...(secret !== undefined && { secret }),
    ...(token !== undefined && { token }),
  }
}

/** Printable ASCII without blanks, as both go into or come from HTTP headers. Undefined stays undefined. */
export function checkCredential(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && /^[\x21-\x7e]{0,4096}$/.test(value)) return value
  throw invalid(`${field} must be a text of printable ASCII without blanks, as the LINE console shows it`)
}

function flowIdOf(id: string): string {
  if (id === '') return nilUuid
  if (!isUuid(id)) throw invalid('message_flow_id must be a UUID')
  return id.toLowerCase()
}

const invalid = (message: string): UserError => new UserError('INVALID_ARGUMENT', message)
