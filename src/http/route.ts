// A route as data: what it is called, who may use it, what goes in and comes out, which errors it answers, and its handler.
// Fastify's route, the validation and the OpenAPI document all come from here.
import Type, { type Static, type TObject, type TSchema } from 'typebox'
import type { Identity } from '../account/identity.ts'
import { Bug, type ErrorCode, UserError } from '../base/errors.ts'
import { isUuid, nilUuid } from '../base/ids.ts'
import { parseBody } from './json-body.ts'
import { queryChecker } from './query.ts'
import { checker } from './validation.ts'

/** `bits`: any of them is needed, 0 = any identity. `self`: an agent may use it on itself all the same. */
export type Access = 'public' | { readonly bits: number; readonly self?: boolean; readonly frozen?: boolean }

export interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Full path; `{id}` is a resource's id. */
  readonly path: string
  readonly operation: string
  readonly summary: string
  readonly tag: string
  readonly access: Access
  /** 200 when absent. */
  readonly status?: 200 | 201 | 307
  /** Codes besides those that follow from access, id, query and body. */
  readonly errors?: readonly ErrorCode[]
  /** A body that works; `{}` fields aside, also shown in the documentation. */
  readonly example?: Readonly<Record<string, unknown>>
  /** An empty body counts as `{}`. */
  readonly bodyOptional?: boolean
  /** Code for an id that is no UUID; INVALID_ID when absent. */
  readonly invalidId?: ErrorCode
}

export interface Exchange {
  readonly identity: Identity | undefined
  readonly id: string | undefined
  readonly query: Readonly<Record<string, unknown>>
  readonly body: string
  readonly requestId: string
  /** Sets a cookie for `seconds`. */
  setCookie(name: string, value: string, seconds: number): void
}

export interface Context<B, Q> extends Pick<Exchange, 'setCookie' | 'requestId'> {
  readonly identity: Identity
  /** The tenant of the caller. */
  readonly customerId: string
  /** The id in the path, checked; empty where the path has none. */
  readonly id: string
  readonly body: B
  readonly query: Q
}

export interface Route extends RouteFacts {
  readonly query: TObject
  readonly body: TObject | undefined
  readonly response: TSchema
  run(exchange: Exchange): Promise<unknown>
}

interface RouteSpec<B extends TObject, Q extends TObject, R extends TSchema> extends RouteFacts {
  readonly body?: B
  readonly query?: Q
  readonly response: R
  readonly handler: (context: Context<Static<B>, Static<Q>>) => Promise<Static<R>>
}

type Nothing = TObject<Record<never, never>>

/** Completes a route; throws at once when two facts contradict each other. */
export function route<R extends TSchema, B extends TObject = Nothing, Q extends TObject = Nothing>(
  spec: RouteSpec<B, Q, R>,
): Route {
  const { handler, ...facts } = spec
  const readBody = bodyReader(spec)
  const query = spec.query ?? Type.Object({})
  const readQuery = spec.query ? queryChecker(spec.query) : undefined
  return {
    ...facts,
    query,
    body: spec.body,
    async run(exchange) {
      const id = exchange.id === undefined ? '' : checkId(exchange.id, spec.invalidId ?? 'INVALID_ID')
      const { setCookie, requestId } = exchange
      return handler({
        id,
        setCookie,
        requestId,
        query: readQuery ? readQuery(exchange.query) : ({} as Static<Q>),
        body: readBody(exchange.body),
        get identity() {
          return required(exchange.identity, spec)
        },
        get customerId() {
          return required(exchange.identity, spec).customerId
        },
      })
    },
  }
}

function bodyReader<B extends TObject>(spec: RouteFacts & { readonly body?: B }): (text: string) => Static<B> {
  const { body, example, bodyOptional } = spec
  // Without a declared body whatever was sent is left unread.
  if (!body) return () => ({}) as Static<B>
  const check = checker(body, { example, whole: 'the body' })
  return (text) => {
    const value = parseBody(text) ?? (bodyOptional === true ? {} : undefined)
    if (value) return check(value)
    const hint = example ? `, for example ${JSON.stringify(example)}` : ''
    throw new UserError('INVALID_JSON_BODY', `the body is empty: send a JSON object${hint}`)
  }
}

function checkId(text: string, code: ErrorCode): string {
  if (isUuid(text) && text !== nilUuid) return text.toLowerCase()
  throw new UserError(code, 'the id in the path must be a UUID other than the nil UUID, as the lists show it', {
    details: [{ field: 'id' }],
  })
}

function required(identity: Identity | undefined, facts: RouteFacts): Identity {
  if (identity) return identity
  throw new Bug(`${facts.operation} is public and asks who the caller is`)
}

/** Replaces `{id}` for the router. */
export const routerPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

export const hasId = (facts: RouteFacts): boolean => facts.path.includes('{id}')
