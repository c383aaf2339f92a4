// An application on the memory ledger and a clock that tests move, and a short way to ask it something.
import type { FastifyInstance, InjectOptions } from 'fastify'
import { type Accounts, createAccounts } from '../../src/account/accounts.ts'
import { type Bootstrap, bootstrapAccounts } from '../../src/account/bootstrap.ts'
import type { Log, LogFields } from '../../src/base/log.ts'
import type { Ledger } from '../../src/event/ledger.ts'
import { createMemoryLedger } from '../../src/event/memory-ledger.ts'
import { type AppDeps, createApp } from '../../src/http/app.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { servicesUnderTest } from './services-under-test.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS' | 'HEAD'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The JSON object of the body; empty when there is none. */
  readonly json: Record<string, unknown>
}

export interface AskOptions {
  /** An object is sent as JSON, a string or buffer as it is. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly query?: Record<string, string>
  readonly cookies?: Record<string, string>
  /** Access key to send in the query; the first one's when absent, none when empty. */
  readonly key?: string
  readonly ip?: string
}

export class ApiUnderTest {
  readonly app: FastifyInstance
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly clock: VirtualClock
  readonly first: Bootstrap
  readonly logged: LogFields[]

  constructor(parts: Pick<ApiUnderTest, 'app' | 'ledger' | 'accounts' | 'clock' | 'first' | 'logged'>) {
    this.app = parts.app
    this.ledger = parts.ledger
    this.accounts = parts.accounts
    this.clock = parts.clock
    this.first = parts.first
    this.logged = parts.logged
  }

  async ask(method: Method, path: string, options: AskOptions = {}): Promise<Answer> {
    const key = options.key ?? this.first.accesskey ?? ''
    const request: InjectOptions = {
      method,
      url: path,
      query: { ...options.query, ...(key ? { accesskey: key } : {}) },
      headers: options.headers ?? {},
      ...(options.cookies ? { cookies: options.cookies } : {}),
      ...(options.ip ? { remoteAddress: options.ip } : {}),
      ...(options.body === undefined
        ? {}
        : { payload: isPayload(options.body) ? options.body : JSON.stringify(options.body) }),
    }
    const response = await this.app.inject(request)
    const isJson = String(response.headers['content-type']).includes('json') && response.body !== ''
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      json: isJson ? response.json() : {},
    }
  }

  async login(): Promise<string> {
    const body = { username: this.first.username, password: this.first.password }
    const { json } = await this.ask('POST', '/auth/login', { body, key: '' })
    return String(json['token'])
  }
}

const off = { rate: 0, burst: 0 }
export const noLimits = { auth: off, address: off, customer: off, delegate: off }

export async function startApi(deps: Partial<AppDeps> = {}): Promise<ApiUnderTest> {
  const clock = new VirtualClock()
  const ledger = createMemoryLedger({ clock })
  const accounts = createAccounts(ledger, clock)
  const first = await bootstrapAccounts(ledger)
  const logged: LogFields[] = []
  const note = (fields: LogFields): void => {
    logged.push(fields)
  }
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const app = await createApp({
    accounts,
    clock,
    log,
    services: servicesUnderTest(ledger, clock),
    ready: () => true,
    info: { version: '0.0.0', publicUrl: 'http://localhost:8080' },
    limits: noLimits,
    ...deps,
  })
  return new ApiUnderTest({ app, ledger, accounts, clock, first, logged })
}

const isPayload = (body: unknown): body is string | Buffer => typeof body === 'string' || Buffer.isBuffer(body)

/** The reason in an error envelope. */
export function reasonOf(answer: Answer): unknown {
  const { error } = answer.json
  return typeof error === 'object' && error !== null && 'reason' in error ? error.reason : undefined
}

/** A field that must be a string. */
export function text(answer: Answer, field: string): string {
  const value = answer.json[field]
  if (typeof value === 'string') return value
  throw new Error(`${field} is not a string in ${answer.text.slice(0, 300)}`)
}

/** The items of a list. */
export function items(answer: Answer): Record<string, unknown>[] {
  const { result } = answer.json
  if (Array.isArray(result)) return result
  throw new Error(`no result in ${answer.text.slice(0, 300)}`)
}
