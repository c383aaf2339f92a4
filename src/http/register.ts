// Turns routes into fastify's: who asks, may they, then the route's own checks and handler.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator } from '../account/authenticate.ts'
import { type Identity, isAllowed, requirePermission } from '../account/identity.ts'
import { UserError } from '../base/errors.ts'
import { findCredential } from './credential.ts'
import { isPage, PageTexts, pageItem } from './page-text.ts'
import type { RateLimiter } from './rate-limit.ts'
import { RawAnswer } from './raw-answer.ts'
import { type Access, type Exchange, type Route, routerPath } from './route.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; undefined on public routes and before authentication. */
    identity: Identity | undefined
  }
}

export interface RegisterOptions {
  readonly authenticator: Authenticator
  readonly limiter: RateLimiter
  /** Whether cookies are sent back over https only. */
  readonly secureCookies: boolean
}

export function registerRoutes(app: FastifyInstance, routes: readonly Route[], options: RegisterOptions): void {
  app.decorateRequest('identity', undefined)
  for (const route of routes) {
    // Some clients know one base address only and prefix everything with it.
    const aliases = route.path.startsWith('/auth/') ? [route.path, `/v1.0${route.path}`] : [route.path]
    for (const path of aliases) registerRoute(app, route, path, options)
  }
}

function registerRoute(app: FastifyInstance, route: Route, path: string, options: RegisterOptions): void {
  const status = route.status ?? 200
  const text = textOf(route)
  app.route({
    method: route.method,
    url: routerPath(path),
    schema: { response: { [status]: route.response } },
    onRequest: async (request) => {
      if (route.access === 'public') return
      request.identity = await identify(request, route.access, options)
    },
    handler: async (request, reply) => {
      const answer = await route.run(exchange(request, reply, options))
      if (answer instanceof RawAnswer) return answer.send(request, reply)
      return reply.code(status).type('application/json; charset=utf-8').send(text(answer, reply))
    },
  })
}

/** How an answer is written: pages by us, the rest by fastify's serializer. */
function textOf({ response }: Route): (answer: unknown, reply: FastifyReply) => unknown {
  const item = pageItem(response)
  if (item === undefined) return (answer) => answer
  let texts: PageTexts | undefined
  return (answer, reply) => {
    texts ??= new PageTexts(reply.compileSerializationSchema({ ...item }))
    return isPage(answer) ? texts.bytes(answer) : answer
  }
}

async function identify(
  request: FastifyRequest,
  access: Exclude<Access, 'public'>,
  options: RegisterOptions,
): Promise<Identity> {
  const credential = findCredential({
    cookies: request.cookies,
    query: record(request.query),
    authorization: request.headers.authorization,
  })
  if (!credential) {
    throw new UserError(
      'AUTHENTICATION_REQUIRED',
      'a credential is missing: add ?token= from POST /auth/login, an Authorization: Bearer header, or ?accesskey=',
    )
  }
  const identity = await options.authenticator.authenticate(credential, { frozen: access.frozen === true })
  options.limiter.checkCustomer(identity)
  const itself = access.self === true && identity.kind === 'agent' && pathId(request)?.toLowerCase() === identity.id
  if (access.bits !== 0 && !itself && !isAllowed(identity, access.bits)) requirePermission(identity, access.bits)
  return identity
}

function exchange(request: FastifyRequest, reply: FastifyReply, { secureCookies }: RegisterOptions): Exchange {
  return {
    identity: request.identity,
    id: pathId(request),
    query: record(request.query),
    body: typeof request.body === 'string' ? request.body : '',
    requestId: request.id,
    setCookie(name, value, seconds) {
      reply.setCookie(name, value, {
        path: '/',
        maxAge: seconds,
        httpOnly: true,
        sameSite: 'strict',
        secure: secureCookies,
      })
    },
  }
}

function pathId(request: FastifyRequest): string | undefined {
  const id = record(request.params)['id']
  return typeof id === 'string' ? id : undefined
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
