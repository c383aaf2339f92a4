// The OpenAPI 3.1 document, made from the same routes and schemas that serve the requests.
import type { TSchema } from 'typebox'
import { type ErrorCode, errorCodes } from '../base/errors.ts'
import { Accesskey, Agent, Customer, CustomerSelf } from '../schema/account.ts'
import { Address, AddressInput } from '../schema/address.ts'
import { Call } from '../schema/call.ts'
import { ErrorEnvelope } from '../schema/common.ts'
import { Conference, Conferencecall } from '../schema/conference.ts'
import { ConversationAccount } from '../schema/conversation.ts'
import { Action, Activeflow, Flow } from '../schema/flow.ts'
import { hasId, type Route } from './route.ts'

type Json = Record<string, unknown>

const named: Record<string, TSchema> = {
  Accesskey,
  Action,
  Activeflow,
  Address,
  AddressInput,
  Agent,
  Call,
  Conference,
  Conferencecall,
  ConversationAccount,
  Customer,
  CustomerSelf,
  Error: ErrorEnvelope,
  Flow,
}
const names = new Map<unknown, string>(Object.entries(named).map(([name, schema]) => [schema, name]))

export interface ApiInfo {
  readonly version: string
  /** Base of the addresses, e.g. `http://localhost:8080`. */
  readonly publicUrl: string
}

export function openApiDocument(routes: readonly Route[], info: ApiInfo): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = paths[route.path] ?? {}
    paths[route.path] = { ...path, [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Partyline',
      version: info.version,
      description: 'Programmable conference calls.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: info.publicUrl.replace(/\/$/, '') }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'token from POST /auth/login' },
        tokenQuery: { type: 'apiKey', in: 'query', name: 'token' },
        accesskeyQuery: { type: 'apiKey', in: 'query', name: 'accesskey' },
        tokenCookie: { type: 'apiKey', in: 'cookie', name: 'token' },
        accesskeyCookie: { type: 'apiKey', in: 'cookie', name: 'accesskey' },
      },
      schemas: Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, inner(schema)])),
    },
  }
}

const security = [
  { bearer: [] },
  { tokenQuery: [] },
  { accesskeyQuery: [] },
  { tokenCookie: [] },
  { accesskeyCookie: [] },
]

function operation(route: Route): Json {
  return {
    operationId: route.operation,
    summary: route.summary,
    tags: [route.tag],
    ...(route.access === 'public' ? { security: [] } : { security, description: `Needs ${accessWord(route)}.` }),
    ...parameters(route),
    ...requestBody(route),
    responses: {
      [route.status ?? 200]: {
        description: 'Done',
        content: { 'application/json': { schema: reference(route.response) } },
      },
      ...errorResponses(route),
    },
  }
}

function accessWord({ access }: Route): string {
  if (access === 'public' || access.bits === 0) return 'any credential'
  return `one of the permission bits of ${access.bits}${access.self === true ? ', or the agent itself' : ''}`
}

function parameters(route: Route): Json {
  const path = hasId(route)
    ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }]
    : []
  const query = Object.entries(route.query.properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: route.query.required?.includes(name) ?? false,
    schema: reference(schema),
  }))
  return path.length + query.length > 0 ? { parameters: [...path, ...query] } : {}
}

function requestBody({ body, bodyOptional, example }: Route): Json {
  if (!body) return {}
  const content = { schema: reference(body), ...(example ? { example } : {}) }
  return { requestBody: { required: bodyOptional !== true, content: { 'application/json': content } } }
}

/** The codes that follow from what the route takes, and its own. */
export function errorsOf(route: Route): ErrorCode[] {
  return [
    ...(route.access === 'public'
      ? []
      : (['AUTHENTICATION_REQUIRED', 'INVALID_CREDENTIALS', 'PERMISSION_DENIED', 'ACCOUNT_FROZEN'] as const)),
    ...(hasId(route) ? [route.invalidId ?? 'INVALID_ID'] : []),
    ...(route.body ? (['INVALID_JSON_BODY', 'INVALID_ARGUMENT', 'BODY_TOO_LARGE'] as const) : []),
    ...(Object.keys(route.query.properties).length > 0 ? (['INVALID_REQUEST_PARAMETER'] as const) : []),
    ...(route.errors ?? []),
    'RATE_LIMIT_EXCEEDED',
    'INTERNAL',
  ]
}

/** One answer per status, its codes in the description. */
function errorResponses(route: Route): Json {
  const byStatus = new Map<number, Set<string>>()
  for (const code of errorsOf(route)) {
    const { http } = errorCodes[code]
    byStatus.set(http, (byStatus.get(http) ?? new Set()).add(code))
  }
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, codes]) => [status, { description: [...codes].join(', '), content }]),
  )
}

/** The schema as plain JSON, with a reference wherever it is one of the named ones. */
function reference(schema: unknown): unknown {
  const name = names.get(schema)
  return name === undefined ? inner(schema) : { $ref: `#/components/schemas/${name}` }
}

function inner(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reference)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reference(item)]))
}
