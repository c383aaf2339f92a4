// The SIP user agent core: messages, commands and time go in; datagrams, events and notes come out (RFC 3261 §8). Composes transactions,
// dialogs and sessions; does no I/O and reads no clock.
import { createBranches, type SentBy, sentByPort } from './branch.ts'
import { type Dialog, keyOf } from './dialog.ts'
import type { Transport, TransportFlow } from './flow.ts'
import { formatHostPort } from './host.ts'
import type { InviteCommand } from './invite-request.ts'
import type { Header, SipResponse } from './message.ts'
import { OutsideDialog } from './outside-dialog.ts'
import { parseMessage } from './parse.ts'
import { passedHeaders } from './passed-headers.ts'
import { Referrals } from './referrals.ts'
import { nextFlow } from './route.ts'
import { serialize } from './serialize.ts'
import { Session, type SessionCommand } from './session.ts'
import { absoluteMinimum } from './session-timer.ts'
import type { DialogOwner, SessionHost } from './session-usage.ts'
import { TimerQueue } from './timers.ts'
import type { ServerTransaction } from './transaction-server-side.ts'
import { Transactions, withVia } from './transactions.ts'
import type { Command, Input, Output, SessionEvent, UserAgentCore, UserAgentOptions } from './user-agent-io.ts'
import { Requests, withSource } from './user-agent-requests.ts'

/** §18.1.1: larger requests should not go over UDP. We know of no other way to the far end, and say so. */
const largeRequest = 1300

export interface UserAgent extends UserAgentCore {
  /** Transactions that still hold state. */
  readonly transactionCount: number
  /** Dialogs, early ones included. */
  readonly dialogCount: number
}

export const createUserAgent = (options: UserAgentOptions): UserAgent => new Core(options)

class Core implements UserAgent {
  readonly #options: UserAgentOptions
  readonly #timers = new TimerQueue()
  readonly #transactions: Transactions
  readonly #requests: Requests
  readonly #host: SessionHost
  readonly #outside: OutsideDialog
  readonly #referrals: Referrals
  readonly #sessions = new Map<string, Session>()
  readonly #dialogs = new Map<string, { readonly dialog: Dialog; readonly owner: DialogOwner }>()
  readonly #dropped = new Map<string, number>()
  #outputs: Output[] = []
  #draining = false

  constructor(options: UserAgentOptions) {
    this.#options = options
    const branches = createBranches(options.token, options.sentBy)
    this.#transactions = new Transactions({
      timers: this.#timers,
      sentBy: options.sentBy,
      send: (flow, bytes) => this.#send(flow, bytes),
      stepped: ({ type, key }, event, { from, to, outcome }) => {
        if (outcome === 'ignored') return
        this.#note(outcome === 'bug' ? 'warn' : 'debug', 'transaction', { type, key, event, from, to, outcome })
      },
    })
    this.#referrals = new Referrals(() => this.#host, this.#dialogs)
    this.#host = this.#createHost(() => branches.mint())
    this.#outside = new OutsideDialog(this.#host)
    this.#requests = new Requests({
      transactions: this.#transactions,
      branches,
      host: this.#host,
      dialogs: this.#dialogs,
      isDraining: () => this.#draining,
      session: (sessionId) => this.#sessions.get(sessionId),
      sendResponse: (flow, response) => this.#send(flow, serialize(response)),
      dropped: (reason, flow) => this.#drop(reason, flow),
      incoming: (transaction, replaced) => this.#incoming(transaction, replaced),
      outside: (transaction) => this.#outside.receive(transaction),
    })
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  get transactionCount(): number {
    return this.#transactions.size
  }

  get dialogCount(): number {
    return this.#dialogs.size
  }

  handle(input: Input, now: number): void {
    this.#timers.observe(now)
    if (input.kind === 'received') this.#receive(input.bytes, input.flow)
    else if (input.kind === 'command') this.#command(input.command)
    else if (input.kind === 'flowFailed') this.#flowFailed(input.flow, input.reason)
    this.#timers.runDue()
  }

  drain(): Output[] {
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }

  nextTimeout(): { readonly at: number; readonly why: string } | undefined {
    return this.#timers.next()
  }

  #receive(bytes: Uint8Array, flow: TransportFlow): void {
    const parsed = parseMessage(bytes)
    if (!parsed.ok) {
      this.#drop(parsed.reason, flow)
      const { partial, status } = parsed
      if (partial !== undefined && status !== undefined)
        this.#requests.refuse(withSource(partial, flow), flow, { status, headers: [] })
    } else if (parsed.message.kind === 'request') this.#requests.receive(parsed.message, flow)
    else this.#response(parsed.message, flow)
  }

  #response(response: SipResponse, flow: TransportFlow): void {
    if (!this.#transactions.receiveResponse(response, flow)) this.#drop('stray-response', flow)
  }

  #command(command: Command): void {
    switch (command.kind) {
      case 'drain':
        this.#draining = true
        return
      case 'invite':
        this.#invite({ ...command, headers: this.#passed(command, 'request') })
        return
      case 'respond':
        this.#outside.respond({ ...command, headers: this.#passed(command, 'response') })
        return
      case 'options':
        this.#outside.options(command)
        return
      case 'answerRefer':
        this.#placed(command, this.#referrals.answer(command.referId, command.status))
        return
      case 'referProgress':
        this.#placed(command, this.#referrals.progress(command.referId, command.status))
        return
      case 'terminate':
        this.#sessionCommand({ ...command, headers: this.#passed(command, 'request') })
        return
      case 'reject':
        this.#sessionCommand({ ...command, headers: this.#passed(command, 'response') })
        return
      default:
        this.#sessionCommand(command)
    }
  }

  /** The headers of a command that may pass; a note names the others. */
  #passed(command: { readonly kind: string; readonly headers?: readonly Header[] }, of: MessageKind): Header[] {
    return passedHeaders(command.headers ?? [], of, (name, why) =>
      this.#note('warn', 'header left out', { command: command.kind, name, why }),
    )
  }

  /** A subscription may end at any time: what comes too late is nothing to worry about. */
  #placed(command: { readonly kind: string; readonly referId: string }, done: boolean): void {
    if (!done) this.#note('debug', 'command for a REFER that ended', { refer: command.referId, command: command.kind })
  }

  #invite(command: InviteCommand): void {
    const { sessionId } = command
    if (this.#sessions.has(sessionId)) {
      this.#note('warn', 'session id is in use', { session: sessionId })
      return
    }
    this.#sessions.set(sessionId, Session.invite(this.#host, command))
  }

  #sessionCommand(command: SessionCommand): void {
    const session = this.#sessions.get(command.sessionId)
    if (session !== undefined) session.command(command)
    else this.#note('debug', 'command for a session that ended', { session: command.sessionId, command: command.kind })
  }

  #incoming(transaction: ServerTransaction, replacesSessionId?: string): Session {
    const session = Session.incoming(this.#host, transaction, replacesSessionId)
    this.#sessions.set(session.id, session)
    return session
  }

  #forget(sessionId: string): void {
    this.#sessions.delete(sessionId)
    this.#referrals.sessionEnded(sessionId)
  }

  #flowFailed(flow: TransportFlow, reason: string): void {
    this.#note('debug', 'flow failed', { ...flow, reason })
    for (const { dialog } of this.#dialogs.values()) {
      const { connectionId } = dialog.lastFlow
      if (connectionId !== undefined && connectionId === flow.connectionId) dialog.lastFlowLost = true
    }
    this.#transactions.flowFailed(flow)
  }

  #send(flow: TransportFlow, bytes: Uint8Array): void {
    if (flow.transport === 'UDP' && bytes.length > largeRequest && !isResponse(bytes)) {
      this.#note('debug', 'large request over UDP', { length: bytes.length, to: flow.remoteAddress })
    }
    this.#outputs.push({ kind: 'send', flow, bytes })
  }

  #note(level: 'debug' | 'warn', message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#outputs.push({ kind: 'note', level, message, fields })
  }

  /** Counts what is thrown away; loud only at the 1st, 2nd, 4th, 8th… of a reason, so that a flood does not fill the log. */
  #drop(reason: string, flow: TransportFlow): void {
    const count = (this.#dropped.get(reason) ?? 0) + 1
    this.#dropped.set(reason, count)
    const loud = Number.isInteger(Math.log2(count))
    this.#note(loud ? 'warn' : 'debug', 'dropped', {
      reason,
      count,
      from: flow.remoteAddress,
      transport: flow.transport,
    })
  }

  #createHost(mintBranch: () => string): SessionHost {
    const { sentBy, token, userAgent, reaches = () => true } = this.#options
    return {
      timers: this.#timers,
      address: sentBy.address,
      limits: {
        sessionExpires: this.#options.sessionExpires ?? 1800,
        minSessionExpires: Math.max(this.#options.minSessionExpires ?? absoluteMinimum, absoluteMinimum),
      },
      product: { name: 'User-Agent', value: userAgent },
      token,
      mintBranch,
      send: ({ request, flow, user, branch }) =>
        this.#transactions.send({ request, flow, user, branch: branch ?? mintBranch() }),
      sendAck: (request, flow) => {
        const bytes = serialize(withVia(request, sentBy, { branch: mintBranch(), transport: flow.transport }))
        this.#send(flow, bytes)
        return { flow, bytes }
      },
      resend: ({ flow, bytes }) => this.#send(flow, bytes),
      emit: (event: SessionEvent) => void this.#outputs.push({ kind: 'event', event }),
      note: (level, message, fields) => this.#note(level, message, fields),
      flowOf: (dialog) => nextFlow(dialog, reaches),
      contact: (flow, requestUri) => contactOf(sentBy, flow, requestUri),
      bind: (dialog, owner) => void this.#dialogs.set(keyOf(dialog), { dialog, owner }),
      unbind: (dialog) => void this.#dialogs.delete(keyOf(dialog)),
      refer: (usage, dialog, transaction) => this.#referrals.receive(usage, dialog, transaction),
      forget: (sessionId) => this.#forget(sessionId),
    }
  }
}

type MessageKind = 'request' | 'response'

/** Our address for what goes by this flow; a `sips:` one when the Request-URI is (§8.1.1.8, §12.1.1). */
function contactOf(sentBy: SentBy, { transport }: TransportFlow, requestUri: string): Header {
  const at = (of: Transport): string => formatHostPort({ host: sentBy.address, port: sentByPort(sentBy, of) })
  if (sentBy.tlsPort !== undefined && /^sips:/i.test(requestUri))
    return { name: 'Contact', value: `<sips:${at('TLS')}>` }
  const parameter = transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`
  return { name: 'Contact', value: `<sip:${at(transport)}${parameter}>` }
}

/** Whether bytes begin like a status line: `SIP`. */
const isResponse = (bytes: Uint8Array): boolean => bytes[0] === 0x53 && bytes[1] === 0x49 && bytes[2] === 0x50
