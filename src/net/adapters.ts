// Features of the operator's own (docs/adapters.md): each kind is an HTTP endpoint that is asked by POST and answers with variables and actions.
import { createHmac } from 'node:crypto'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { OperationalError, PeerError, UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { type Clock, formatTimestamp } from '../base/time.ts'
import type { AdapterKind, AdapterReply, FlowAdapters } from '../flow/ports.ts'
import { readText } from './web-client.ts'
import { withDeadline } from './web-client-deadline.ts'
import { openGuard } from './web-client-guard.ts'
import { hostOf, type OutgoingRequest, sendRequest } from './web-client-request.ts'

export const adapterKinds: readonly AdapterKind[] = [
  'ai',
  'queue',
  'email',
  'message',
  'case',
  'transcribe',
  'conversation',
]

export interface AdaptersOptions {
  /** Address of the endpoint for each kind that has one. */
  readonly endpoints: ReadonlyMap<AdapterKind, string>
  /** Signs every request; undefined for none. */
  readonly secret?: string | undefined
  readonly clock: Pick<Clock, 'after' | 'wallMicros'>
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 30_000
const mostBytes = 2 ** 20
const mostVariables = 100
const mostActions = 100

const Reply = Type.Object({
  variables: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      maxProperties: mostVariables,
    }),
  ),
  actions: Type.Optional(
    Type.Array(
      Type.Object({ type: Type.String(), option: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }),
      { maxItems: mostActions },
    ),
  ),
})
const replyCheck = Compile(Reply)

export function createAdapters(options: AdaptersOptions): FlowAdapters {
  const { endpoints, clock, timeoutMs: ms = defaultTimeoutMs } = options
  return {
    has: (kind) => endpoints.has(kind),
    async ask(kind, payload, signal) {
      const url = endpoints.get(kind)
      if (url === undefined) throw unavailable(kind)
      const what = `The ${kind} adapter`
      const request = requestTo(url, { ...payload, kind }, options)
      return withDeadline({ clock, ms, signal, what }, async (inTime) => {
        const response = await sendRequest(request, { guard: openGuard, maxRedirects: 0, signal: inTime })
        const body = await readText(response, { maxBytes: mostBytes, host: hostOf(url) })
        return replyOf({ status: response.status, body }, what)
      })
    },
  }
}

/** What an action says that no adapter is configured for. */
export const unavailable = (kind: AdapterKind): UserError =>
  new UserError(
    'NOT_IMPLEMENTED',
    `not available on this server: no adapter for ${kind} is configured (PARTYLINE_ADAPTERS)`,
  )

function requestTo(
  url: string,
  payload: Readonly<Record<string, unknown>>,
  { secret, clock }: AdaptersOptions,
): OutgoingRequest {
  const body = JSON.stringify({ id: newUuid(), time: formatTimestamp(clock.wallMicros()), ...payload })
  const signature = secret ? `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` : undefined
  return {
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      accept: 'application/json',
      ...(signature !== undefined && { 'x-partyline-signature': signature }),
    },
    body,
  }
}

/** Throws UserError for a refusal with a reason (4xx), OperationalError for a failure, PeerError for a reply of another shape. */
function replyOf({ status, body }: { readonly status: number; readonly body: string }, what: string): AdapterReply {
  if (status < 200 || status >= 300) throw refusal(status, { body, what })
  if (body.trim() === '') return { variables: {}, actions: [] }
  const reply = parsed(body)
  if (!replyCheck.Check(reply)) {
    const [first] = replyCheck.Errors(reply)
    const where = first ? ` (${first.instancePath || 'the whole'}: ${first.message})` : ''
    throw new PeerError(`${what} replied with something other than {variables, actions}${where}`)
  }
  const variables = Object.entries(reply.variables ?? {}).map(([name, value]): [string, string] => [
    name,
    String(value),
  ])
  const actions = (reply.actions ?? []).map(({ type, option }) => ({ type, option: option ?? {} }))
  return { variables: Object.fromEntries(variables), actions }
}

function refusal(status: number, { body, what }: { readonly body: string; readonly what: string }): Error {
  const answer = parsed(body)
  const given = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : body
  const reason = typeof given === 'string' && given !== '' ? `: ${given.slice(0, 200)}` : ''
  const message = `${what} answered ${status}${reason}`
  const refused = status >= 400 && status < 500 && status !== 408 && status !== 429
  return refused ? new UserError('INVALID_ARGUMENT', message) : new OperationalError(message, { retryable: true })
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
