// Checks what a client sends to start an activeflow.
import { UserError } from '../base/errors.ts'
import { isUuid, newUuid, nilUuid } from '../base/ids.ts'
import { parseVariables } from './variables.ts'

export interface ActiveflowInput {
  readonly id?: string | undefined
  /** Wins over `actions`. */
  readonly flow_id?: string | undefined
  readonly actions?: unknown
  readonly variables?: unknown
  readonly webhook_uri?: string | undefined
  readonly webhook_method?: string | undefined
}

const methods = ['', 'POST', 'GET', 'PUT', 'DELETE']

export interface CheckedInput {
  readonly id: string
  /** Nil when the actions are given. */
  readonly flowId: string
  readonly actions: unknown
  readonly variables: Record<string, string>
  readonly webhookUri: string
  readonly webhookMethod: string
}

/** Throws UserError INVALID_ARGUMENT or INVALID_VARIABLES naming the field. */
export function checkActiveflowInput(input: ActiveflowInput): CheckedInput {
  const id = uuidOf(input.id, 'id')
  const flowId = uuidOf(input.flow_id, 'flow_id')
  if (flowId === nilUuid && (input.actions === undefined || input.actions === null)) {
    throw new UserError('INVALID_ARGUMENT', 'give flow_id (a flow of yours) or actions (a list of actions)')
  }
  const webhookMethod = (input.webhook_method ?? '').toUpperCase()
  if (!methods.includes(webhookMethod)) {
    throw new UserError('INVALID_ARGUMENT', 'webhook_method must be one of POST, GET, PUT, DELETE')
  }
  return {
    id: id === nilUuid ? newUuid() : id,
    flowId,
    actions: input.actions,
    variables: parseVariables(input.variables),
    webhookUri: webhookUriOf(input.webhook_uri ?? ''),
    webhookMethod,
  }
}

function uuidOf(text: string | undefined, field: string): string {
  if (text === undefined || text === '') return nilUuid
  if (!isUuid(text)) throw new UserError('INVALID_ARGUMENT', `${field} must be a UUID`)
  return text.toLowerCase()
}

function webhookUriOf(text: string): string {
  const protocol = text === '' ? '' : URL.parse(text)?.protocol
  if (protocol === '' || protocol === 'http:' || protocol === 'https:') return text
  throw new UserError('INVALID_ARGUMENT', 'webhook_uri must be an http:// or https:// address')
}
