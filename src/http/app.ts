// The HTTP application: one fastify instance with every route, the error envelope, limits, CORS and the documentation.
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyInstance } from 'fastify'
import type { Accounts } from '../account/accounts.ts'
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/time.ts'
import { answerError, answerUnreadable, routeNotFound } from './answer-error.ts'
import { decodeBody } from './json-body.ts'
import { type ApiInfo, openApiDocument } from './openapi.ts'
import { defaultLimits, RateLimiter, type RateLimits } from './rate-limit.ts'
import { redactUrl } from './redact.ts'
import { registerRoutes } from './register.ts'
import { requestIds } from './request-ids.ts'
import type { Route } from './route.ts'
import { allRoutes } from './routes/all.ts'
import { securityHeaders } from './security-headers.ts'
import type { Services } from './services.ts'

export interface AppDeps {
  readonly accounts: Accounts
  readonly services: Services
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  /** Whether every port listens; `GET /ping` answers 503 until then. */
  readonly ready: () => boolean
  readonly info: ApiInfo
  /** A rate of 0 turns a limit off. */
  readonly limits?: Partial<RateLimits>
  /** Proxies whose X-Forwarded-For is believed: addresses and networks. None by default. */
  readonly trustProxy?: string[]
  /** Largest body in bytes. */
  readonly bodyLimit?: number
  /** Whether the log-in cookie is sent back over https (and to localhost) only. */
  readonly secureCookies?: boolean
}

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30"><text y="22" fill="#fff" font-family="sans-serif" font-size="22">Partyline</text></svg>'
const defaultBodyLimit = 1024 * 1024
const requestTimeoutMs = 60_000
/** Longer than any id, so that a bad one is answered as such and not as an unknown route. */
const maxParamLength = 4096

/** An application that is ready to `listen({host, port})`, `inject(…)` and `close()`. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const requestId = requestIds()
  const app = fastify({
    logger: false,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    bodyLimit: deps.bodyLimit ?? defaultBodyLimit,
    requestTimeout: requestTimeoutMs,
    routerOptions: { maxParamLength },
    clientErrorHandler: (error, socket) => answerUnreadable(error, socket, requestId(undefined)),
    frameworkErrors: (error, request, reply) => {
      reply.header('X-Request-Id', request.id)
      answerError(error, request, reply, deps.log)
    },
    ...(deps.trustProxy ? { trustProxy: deps.trustProxy } : {}),
  })
  const routes = allRoutes(deps)
  const limiter = new RateLimiter({ ...defaultLimits, ...deps.limits }, deps.clock)
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, deps.log))
  app.setNotFoundHandler(routeNotFound)
  acceptAnyBody(app)
  logRequests(app, deps)
  await addHeaders(app)
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'OPTIONS') limiter.checkAddress(request.ip, pathOf(request.url))
  })
  await app.register(cookie)
  registerRoutes(app, routes, {
    authenticator: deps.accounts.authenticator,
    limiter,
    secureCookies: deps.secureCookies ?? true,
  })
  await addDocumentation(app, routes, deps.info)
  return app
}

/** JSON under whatever content type, or none: the routes read the text themselves. */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => decodeBody(body))
  app.addHook('onRequest', async (request) => {
    // A content type that is no media type at all would be refused before any parser is asked.
    if (request.headers['content-type'] !== undefined) request.raw.headers['content-type'] = 'application/json'
  })
}

/** One line per request, without credentials. */
function logRequests(app: FastifyInstance, { log, clock }: AppDeps): void {
  const started = new WeakMap<object, number>()
  app.addHook('onRequest', async (request, reply) => {
    started.set(request, clock.now())
    reply.header('X-Request-Id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const fields = {
      request_id: request.id,
      method: request.method,
      url: redactUrl(request.url),
      status: reply.statusCode,
      ms: Math.round((clock.now() - (started.get(request) ?? clock.now())) * 10) / 10,
      address: request.ip,
      ...(request.identity ? { customer_id: request.identity.customerId, by: request.identity.kind } : {}),
    }
    log.info(fields, 'request')
  })
}

async function addHeaders(app: FastifyInstance): Promise<void> {
  await app.register(cors, {
    origin: '*',
    methods: ['POST', 'GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'],
    allowedHeaders: ['Origin', 'X-Requested-With', 'Content-Type', 'Accept', 'Authorization'],
    exposedHeaders: ['X-Request-Id', 'Retry-After'],
    maxAge: 43_200,
    strictPreflight: false,
  })
  const headers = await securityHeaders()
  app.addHook('onRequest', async (_request, { raw }) => {
    for (const [name, value] of headers) raw.setHeader(name, value)
  })
}

async function addDocumentation(app: FastifyInstance, routes: readonly Route[], info: ApiInfo): Promise<void> {
  const document = openApiDocument(routes, info)
  app.get('/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(document))
  app.get('/', async (_request, reply) => reply.redirect('/docs'))
  // The document is plain JSON; a test validates it, not the type.
  const specification = { document: document as unknown as StaticDocumentSpec['document'] }
  await app.register(swagger, { mode: 'static', specification })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'none', validatorUrl: null },
    logo: { type: 'image/svg+xml', content: Buffer.from(logo) },
    theme: { title: 'Partyline API' },
  })
}

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url
