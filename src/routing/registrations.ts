// The registrar of all extensions: who may register, where each can be reached, and the `contact` rows that outlive the process
// (RFC 3261 §10, RFC 5626, RFC 3327). A call to a phone goes back by the flow its REGISTER came by, whatever its Contact says.
import { randomBytes } from 'node:crypto'
import { OperationalError, UserError } from '../base/errors.ts'
import { isUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Clock, Timer } from '../base/time.ts'
import type { DialTarget, RegisteredPhones } from '../call/ports.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { ExtensionRow } from '../schema/rows.ts'
import { DigestVerifier } from '../sip/digest-verifier.ts'
import { isReliable, type TransportFlow } from '../sip/flow.ts'
import { sameHost } from '../sip/host.ts'
import { type Header, header, headers, type SipRequest } from '../sip/message.ts'
import { type RegisterOutcome, register } from '../sip/registrar.ts'
import type { Binding } from '../sip/registrar-contact.ts'
import { uriOf } from '../sip/route.ts'
import type { Command, SessionEvent } from '../sip/user-agent-io.ts'
import { Authentication, type InviteIdentity } from './authentication.ts'
import { DigestGate } from './authentication-digest.ts'
import { Directory } from './authentication-directory.ts'
import { createDomains, retryAfter } from './authentication-domains.ts'
import { FailedLogins } from './failed-logins.ts'
import type { IncomingRequest } from './ports.ts'
import {
  Bindings,
  bindingOfRow,
  newContact,
  type RegisteredBy,
  refreshedContact,
  type StoredBinding,
} from './registrations-bindings.ts'

export type RegisterRequest = Extract<SessionEvent, { kind: 'request' }>

export interface RegistrationsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  /** What follows `registrar.` and `trunk.` in host names: `baseDomain` of inbound-routes.ts. */
  readonly base: string
  /** Decrypts a sealed password; throws when it cannot. */
  readonly unseal: (text: string) => string
  readonly respond: (command: Extract<Command, { kind: 'respond' }>) => void
  /** Checks digests; one with a random key unless given. */
  readonly digest?: DigestVerifier
  readonly limits?: Partial<RegistrationLimits>
}

/** Seconds, but for `mostBindings`. */
export interface RegistrationLimits {
  readonly minExpires: number
  readonly maxExpires: number
  readonly defaultExpires: number
  /** Longest for a phone behind NAT that registers over UDP: its REGISTERs keep the way to it open. */
  readonly natExpires: number
  /** Longest over TCP and TLS: a connection that is idle for ten minutes is closed, and the phone's NAT may forget it sooner. */
  readonly streamExpires: number
  readonly mostBindings: number
}

const usualLimits: RegistrationLimits = {
  minExpires: 60,
  maxExpires: 7200,
  defaultExpires: 3600,
  natExpires: 90,
  streamExpires: 300,
  mostBindings: 10,
}

/** Between two looks for what expired; look-ups never wait for it. */
const sweepMs = 30_000

export interface Registrations extends RegisteredPhones {
  /** Reads extensions, trunks and contacts. Until it resolves nobody is known, and everybody is refused. */
  start(): Promise<void>
  /** Answers a REGISTER by `respond`; resolves when it did, never rejects. */
  onRequest(event: RegisterRequest): Promise<void>
  /** Who sends an INVITE; `required` asks anonymous callers for an extension's password too. */
  authenticateInvite(incoming: IncomingRequest, options?: { readonly required?: boolean }): Promise<InviteIdentity>
  /** A stream connection closed: the phones that registered by it cannot be reached any more (RFC 5626 §7). */
  flowFailed(flow: TransportFlow): Promise<void>
  close(): Promise<void>
}

export const createRegistrations = (options: RegistrationsOptions): Registrations => new Registrar(options)

class Registrar implements Registrations {
  readonly #options: RegistrationsOptions
  readonly #limits: RegistrationLimits
  readonly #directory: Directory
  readonly #authentication: Authentication
  readonly #bindings = new Bindings()
  /** The last change of each extension's bindings: they happen one after the other. */
  readonly #turns = new Map<string, Promise<void>>()
  #sweep: Timer | undefined
  #closed = false

  constructor(options: RegistrationsOptions) {
    const { clock, log, digest = new DigestVerifier({ key: randomBytes(32) }) } = options
    const failedLogins = new FailedLogins()
    this.#options = options
    this.#limits = { ...usualLimits, ...options.limits }
    this.#directory = new Directory(options)
    this.#authentication = new Authentication({
      directory: this.#directory,
      gate: new DigestGate({ verifier: digest, failedLogins, log }),
      domains: createDomains(options.base),
      clock,
      isRegisteredBy: (flow, name) => this.#isRegisteredBy(flow, name),
    })
  }

  async start(): Promise<void> {
    await this.#directory.start()
    this.#directory.onExtensionChange((id) => this.#later(this.#change(id, () => [])))
    const { ledger } = this.#options
    const gone: string[] = []
    const found = new Map<string, StoredBinding[]>()
    for (const row of await ledger.find('contact', {})) {
      const binding = bindingOfRow(row)
      const lives = binding !== undefined && binding.expiresAt > this.#wallMs()
      if (!lives || this.#directory.extensionById(row.extension_id) === undefined) gone.push(row.id)
      else found.set(row.extension_id, [...(found.get(row.extension_id) ?? []), binding])
    }
    if (gone.length > 0) await ledger.commit(gone.map((id) => this.#ended(id)))
    for (const [extensionId, bindings] of found) this.#bindings.set(extensionId, bindings)
    this.#armSweep()
  }

  async onRequest({ requestId, request, flow }: RegisterRequest): Promise<void> {
    const answer = await this.#answer({ request, flow }).catch((error: unknown) => {
      this.#options.log.error({ err: error, source: flow.remoteAddress }, 'a REGISTER failed')
      return { status: 500, headers: [retryAfter(10)] }
    })
    if (this.#closed) return
    this.#options.respond({ kind: 'respond', requestId, status: answer.status, headers: answer.headers })
  }

  authenticateInvite(incoming: IncomingRequest, options = {}): Promise<InviteIdentity> {
    return this.#authentication.authenticateInvite(incoming, options)
  }

  async contactsOf(customerId: string, extension: string, field: string): Promise<readonly DialTarget[]> {
    await this.#directory.settled()
    const byId = isUuid(extension) ? this.#directory.extensionById(extension) : undefined
    const row = byId?.customer_id === customerId ? byId : this.#directory.extension(customerId, extension)?.row
    if (row === undefined) throw new UserError('INVALID_ARGUMENT', `${field}: there is no extension "${extension}"`)
    return this.#live(row.id)
      .toSorted((a, b) => b.q - a.q || b.expiresAt - a.expiresAt)
      .map(dialTarget)
  }

  async flowFailed(flow: TransportFlow): Promise<void> {
    if (flow.connectionId === undefined) return
    const lost = ({ flow: { connectionId } }: StoredBinding): boolean => connectionId === flow.connectionId
    const changes = this.#bindings
      .extensionsBy(flow)
      .map((id) => this.#change(id, (bindings) => bindings.filter((binding) => !lost(binding))))
    await Promise.all(changes)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#sweep?.cancel()
    this.#directory.close()
    this.#authentication.close()
    await Promise.allSettled(this.#turns.values())
  }

  async #answer(incoming: IncomingRequest): Promise<{ readonly status: number; readonly headers: readonly Header[] }> {
    if (incoming.request.method !== 'REGISTER') return { status: 405, headers: [{ name: 'Allow', value: 'REGISTER' }] }
    const identity = await this.#authentication.authenticateRegister(incoming)
    if (identity.kind !== 'extension') return identity
    return this.#turn(identity.extension.id, () => this.#register(incoming, identity.extension))
  }

  async #register(
    { request, flow }: IncomingRequest,
    extension: ExtensionRow,
  ): Promise<RegisterOutcome<StoredBinding>> {
    const now = this.#directory.extensionById(extension.id)
    if (now?.password_sealed !== extension.password_sealed) throw new OperationalError('the extension has changed')
    const current = this.#live(extension.id)
    const outcome = register(request, current, {
      ...this.#limits,
      maxExpires: this.#longest(request, flow),
      // Keep-alives on streams are answered; STUN on the SIP port (RFC 5626 §3.5.2) is not.
      keepsFlow: isReliable(flow.transport),
      now: this.#wallMs(),
      wallMs: this.#wallMs(),
    })
    if (outcome.added.length === 0 && outcome.removed.length === 0) return outcome
    const by: RegisteredBy = { extension, flow, userAgent: header(request, 'User-Agent') ?? '' }
    const leaving = new Set<StoredBinding>(outcome.removed)
    const changes: Change[] = outcome.removed.map(({ id }) => this.#ended(id))
    const entering: StoredBinding[] = []
    for (const { binding, replaces } of outcome.added) {
      if (replaces !== undefined) leaving.add(replaces)
      entering.push(this.#write(changes, { binding, replaces, by }))
    }
    // What expired and was not swept yet may hold the key of a new row.
    const expired = this.#bindings.of(extension.id).filter((binding) => !current.includes(binding))
    await this.#options.ledger.commit([...expired.map(({ id }) => this.#ended(id)), ...changes])
    this.#bindings.set(extension.id, [...current.filter((binding) => !leaving.has(binding)), ...entering])
    return outcome
  }

  #write(
    changes: Change[],
    { binding, replaces, by }: { binding: Binding; replaces: StoredBinding | undefined; by: RegisteredBy },
  ): StoredBinding {
    const { ledger } = this.#options
    const stored = { ...binding, extensionId: by.extension.id, flow: by.flow }
    if (replaces !== undefined) {
      changes.push({ update: 'contact', id: replaces.id, set: refreshedContact(binding, by, ledger) })
      return { ...stored, id: replaces.id }
    }
    const row = newContact(binding, by, ledger)
    changes.push({ insert: 'contact', row })
    return { ...stored, id: row.id }
  }

  /** Seconds that a registration by this flow may last. */
  #longest(request: SipRequest, flow: TransportFlow): number {
    const { maxExpires, natExpires, streamExpires } = this.#limits
    if (isReliable(flow.transport)) return Math.min(maxExpires, streamExpires)
    return isBehindNat(request, flow) ? Math.min(maxExpires, natExpires) : maxExpires
  }

  #live(extensionId: string): StoredBinding[] {
    const now = this.#wallMs()
    return this.#bindings.of(extensionId).filter(({ expiresAt }) => expiresAt > now)
  }

  #isRegisteredBy(flow: TransportFlow, name: string): boolean {
    return this.#bindings
      .extensionsBy(flow)
      .some((id) => this.#directory.extensionById(id)?.extension === name && this.#live(id).length > 0)
  }

  /** Keeps some bindings of an extension and ends the others. */
  #change(extensionId: string, keep: (bindings: readonly StoredBinding[]) => readonly StoredBinding[]): Promise<void> {
    return this.#turn(extensionId, async () => {
      const bindings = this.#bindings.of(extensionId)
      const kept = keep(bindings)
      const ended = bindings.filter((binding) => !kept.includes(binding))
      if (ended.length === 0) return
      this.#bindings.set(extensionId, kept)
      await this.#options.ledger.commit(ended.map(({ id }) => this.#ended(id)))
    })
  }

  /** Runs after whatever else changes the bindings of this extension. */
  #turn<T>(extensionId: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#turns.get(extensionId) ?? Promise.resolve()).then(work)
    const done = result.then(
      () => {},
      () => {},
    )
    this.#turns.set(extensionId, done)
    this.#later(
      done.then(() => {
        if (this.#turns.get(extensionId) === done) this.#turns.delete(extensionId)
      }),
    )
    return result
  }

  #armSweep(): void {
    if (this.#closed) return
    this.#sweep = this.#options.clock.after(sweepMs, () => {
      this.#later(this.#dropExpired().finally(() => this.#armSweep()))
    })
  }

  async #dropExpired(): Promise<void> {
    const now = this.#wallMs()
    const over = this.#bindings.all().filter(({ expiresAt }) => expiresAt <= now)
    const extensions = new Set(over.map(({ extensionId }) => extensionId))
    const lives = ({ expiresAt }: StoredBinding): boolean => expiresAt > this.#wallMs()
    await Promise.all([...extensions].map((id) => this.#change(id, (bindings) => bindings.filter(lives))))
  }

  #ended(id: string): Change {
    const now = this.#options.ledger.timestamp()
    return { update: 'contact', id, set: { tm_update: now, tm_delete: now } }
  }

  #wallMs(): number {
    return this.#options.clock.wallMicros() / 1000
  }

  /** Work that nobody waits for; a failure is told and harms nothing else. */
  #later(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.log.error({ err: error }, 'registrations could not be written'))
  }
}

const dialTarget = ({ uri, flow, path }: StoredBinding): DialTarget => ({
  requestUri: uri,
  destination: flow,
  ...(path.length > 0 && { headers: path.map((value) => ({ name: 'Route', value })) }),
})

/** Whether the Contact is not where the request came from; a proxy on the way (Path) sees to its own phones. */
function isBehindNat(request: SipRequest, flow: TransportFlow): boolean {
  if (header(request, 'Path') !== undefined) return false
  return headers(request, 'Contact').some((value) => {
    const uri = uriOf(value)
    return uri !== undefined && !(sameHost(uri.host, flow.remoteAddress) && (uri.port ?? 5060) === flow.remotePort)
  })
}
