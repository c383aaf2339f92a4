// The call layer and the flows above it on a virtual clock and wire, with routes, registered phones and limits that tests choose, and
// phones that ring as long as they are told.
import { bootstrapAccounts } from '../../../src/account/bootstrap.ts'
import { OperationalError, UserError } from '../../../src/base/errors.ts'
import { newUuid, nilUuid } from '../../../src/base/ids.ts'
import { silentLog } from '../../../src/base/log.ts'
import type { CallsOptions } from '../../../src/call/call-parts.ts'
import { Calls } from '../../../src/call/calls.ts'
import { DialPolicy } from '../../../src/call/dial-policy.ts'
import type { DialTarget, InboundRoutes, PlannedAction } from '../../../src/call/ports.ts'
import { Conferences } from '../../../src/conference/conferences.ts'
import { flowConferences } from '../../../src/conference/flow-conferences.ts'
import { Focus } from '../../../src/conference/focus.ts'
import type { StoredEvent } from '../../../src/event/ledger.ts'
import { createMemoryLedger } from '../../../src/event/memory-ledger.ts'
import { actions } from '../../../src/flow/actions/index.gen.ts'
import { createActiveflows } from '../../../src/flow/activeflows.ts'
import { createFlows } from '../../../src/flow/flows.ts'
import { createRegistry } from '../../../src/flow/registry.ts'
import { openSipLoop, type SipLoop } from '../../../src/net/sip-loop.ts'
import { createInboundRoutes } from '../../../src/routing/inbound-routes.ts'
import type { Address, AddressType } from '../../../src/schema/address.ts'
import type { Action } from '../../../src/schema/flow.ts'
import { header } from '../../../src/sip/message.ts'
import { createUserAgent } from '../../../src/sip/user-agent.ts'
import type { Command, SessionEnd, SessionEvent } from '../../../src/sip/user-agent-io.ts'
import { settle, VirtualClock } from '../../virtual-clock.ts'
import { sdp } from '../sip/session-description.ts'
import { type LinkQuality, perfectLink } from '../sip/virtual-network.ts'
import { ModelEngine } from './model-engine.ts'
import { Wire } from './wire.ts'

export const serverAddress = '192.0.2.1'

export interface CallHouseOptions
  extends Partial<Pick<CallsOptions, 'outbound' | 'phones' | 'limits' | 'followRedirects' | 'inbound' | 'resolve'>> {
  readonly seed?: number
  readonly quality?: LinkQuality
  readonly dialAllow?: readonly string[]
  /** False: a customer without rows, which is quicker and enough for outgoing calls. */
  readonly accounts?: boolean
}

type Incoming = Extract<SessionEvent, { kind: 'incoming' }>

const nothing = async (): Promise<never> => {
  throw new OperationalError('not here')
}

export const address = (type: AddressType, target: string): Address => ({
  type,
  target,
  target_name: '',
  name: '',
  detail: '',
})
export const action = (type: string, option: Record<string, unknown> = {}): Action => ({
  id: nilUuid,
  next_id: nilUuid,
  type,
  option,
  tm_execute: null,
})
/** A way to a phone of the house. */
export const wayTo = (remoteAddress: string, user = 'x'): DialTarget => ({
  requestUri: `sip:${user}@${remoteAddress}`,
  destination: { transport: 'UDP', remoteAddress, remotePort: 5060 },
})

export async function openCallHouse({
  seed = 1,
  quality = perfectLink,
  dialAllow = ['198.51.100.0/24'],
  accounts = true,
  ...given
}: CallHouseOptions = {}) {
  const clock = new VirtualClock()
  const wire = new Wire(clock, seed, quality)
  const ledger = createMemoryLedger({ clock })
  const engine = new ModelEngine()
  const events: StoredEvent[] = []
  ledger.subscribe((event) => events.push(event))
  const customerId = accounts
    ? (await bootstrapAccounts(ledger, { password: 'a password for tests' })).customerId
    : newUuid()
  const commands: Command[] = []
  let loop: SipLoop | undefined
  const log = silentLog
  const registry = createRegistry(actions)
  const flows = createFlows({ ledger, registry })
  const focus: Focus = new Focus({
    ledger,
    log,
    accountNumber: async () => 1,
    mixer: {
      join: (legId, mixId) => engine.request({ kind: 'join', legId, mixId }),
      leave: (legId) => engine.request({ kind: 'leave', legId }),
    },
    phones: { phone: (callId) => calls.live(callId) },
  })
  const conferences = new Conferences({ ledger, focus, clock, log })
  /** What an INVITE to a user name runs, besides direct hashes. */
  const menus = new Map<string, readonly PlannedAction[]>()
  /** Of callers of menus: `extension` as if they had shown their password. */
  const callerType: { value: 'sip' | 'extension' } = { value: 'sip' }
  const strangers = createInboundRoutes({
    ledger,
    baseDomain: 'test',
    authenticate: async () => ({ kind: 'anonymous' }),
    isProvider: () => false,
  })
  const inbound: InboundRoutes = {
    route: async ({ request, flow }) => {
      const user = /^sip:([^@]+)@/.exec(request.uri)?.[1] ?? ''
      const menu = menus.get(user)
      if (menu === undefined) return strangers.route({ request, flow })
      const from = header(request, 'From') ?? ''
      const source = address(callerType.value, /sip:([^>;]+)/.exec(from)?.[1] ?? '')
      return { ok: true, customerId, flowId: '', actions: menu, source, destination: address('sip', user) }
    },
  }
  const calls: Calls = new Calls({
    ledger,
    clock,
    engine,
    log,
    inbound,
    signalling: {
      command: (command) => {
        commands.push(command)
        loop?.command(command)
      },
    },
    flows: {
      temporary: async (owner, planned) => (await flows.createTemporary(owner, planned)).id,
      start: async ({ activeflowId, ...request }) => {
        await activeflows.start({ ...request, id: activeflowId, customerId: request.call.customerId })
      },
      stop: (activeflowId) => activeflows.callEnded(activeflowId),
    },
    publicIp: serverAddress,
    sipDomain: 'sip.test',
    maxCallSeconds: 86_400,
    dialPolicy: new DialPolicy(dialAllow),
    resolve: async (host) => [host],
    conferences: flowConferences(focus),
    audio: () => ({
      onDigit: () => () => undefined,
      onTalking: () => () => undefined,
      play: nothing,
      sendDigits: nothing,
      mute: nothing,
      startExternalMedia: nothing,
      stopExternalMedia: nothing,
    }),
    ...given,
  })
  const activeflows = createActiveflows({
    ledger,
    flows,
    registry,
    clock,
    log,
    conferences: flowConferences(focus),
    dialling: calls.dialling,
    speech: { render: nothing },
    web: { send: nothing },
    recordings: { start: nothing, stop: nothing },
    adapters: { has: () => false, ask: nothing },
  })
  engine.onNotice((notice) => calls.onNotice(notice))
  const drive = (at: string, onEvent: (event: SessionEvent) => void): Promise<SipLoop> =>
    openSipLoop({
      core: createUserAgent({
        sentBy: { address: at, port: 5060 },
        userAgent: 'test',
        token: (length) => Array.from({ length }, () => Math.floor(wire.random() * 16).toString(16)).join(''),
      }),
      clock,
      log,
      bindIp: at,
      port: 5060,
      onEvent,
      open: wire.end(at),
    })
  /** INVITEs to a user name that are to take the place of a session of the server. */
  const replacing = new Map<string, string>()
  loop = await drive(serverAddress, (event) => {
    const user = event.kind === 'incoming' ? (/^sip:([^@]+)@/.exec(event.request.uri)?.[1] ?? '') : ''
    const replacesSessionId = replacing.get(user)
    const replaces = event.kind === 'incoming' && replacesSessionId !== undefined
    calls.onSession(replaces ? { ...event, replacesSessionId } : event)
  })

  async function conference(type: 'conference' | 'connect' = 'conference'): Promise<{ id: string; hash: string }> {
    const created = await conferences.create(customerId, {
      type,
      name: 'room',
      detail: '',
      data: {},
      timeout: 0,
      pre_flow_id: '',
      post_flow_id: '',
    })
    await settle()
    return { id: created.id, hash: created.direct_hash }
  }
  const phone = async (at: string, manner: Manner = () => undefined): Promise<CallPhone> => {
    const made: CallPhone = new CallPhone({ at, manner, clock, loop: () => driven })
    const driven = await drive(at, (event) => made.onEvent(event))
    return made
  }
  return {
    clock,
    wire,
    ledger,
    engine,
    events,
    customerId,
    calls,
    flows,
    menus,
    callerType,
    commands,
    replacing,
    conference,
    phone,
  }
}

/** What a phone does when it rings: a final status after some ms, `early` sound, or nothing for ever. */
export interface Reaction {
  readonly status: number
  readonly afterMs: number
}
export type Manner = (event: Incoming) => Reaction | undefined

interface PhoneParts {
  readonly at: string
  readonly manner: Manner
  readonly clock: VirtualClock
  readonly loop: () => SipLoop
}

/** A phone of the house: one SIP core with a loop of its own. */
export class CallPhone {
  readonly events: SessionEvent[] = []
  readonly invites: Incoming[] = []
  readonly #parts: PhoneParts
  readonly #ended = new Set<string>()
  #dialled = 0

  constructor(parts: PhoneParts) {
    this.#parts = parts
  }

  get loop(): SipLoop {
    return this.#parts.loop()
  }

  /** Sessions that ring or speak. */
  get live(): string[] {
    const begun = [...this.invites.map(({ sessionId }) => sessionId), ...this.#dialledIds]
    return begun.filter((sessionId) => !this.#ended.has(sessionId))
  }

  get #dialledIds(): string[] {
    return Array.from({ length: this.#dialled }, (_, index) => `${this.#parts.at}-${index + 1}`)
  }

  ends(): SessionEnd[] {
    return this.events.flatMap((event) => (event.kind === 'ended' ? [event.end] : []))
  }

  statuses(): number[] {
    return this.events.flatMap((event) => (event.kind === 'progress' ? [event.status] : []))
  }

  get accepted(): boolean {
    return this.events.some(({ kind }) => kind === 'accepted')
  }

  /** Dials a user of the server, or a whole URI; answers the session's id. */
  dial(user: string, headers: readonly { readonly name: string; readonly value: string }[] = []): string {
    this.#dialled += 1
    const sessionId = `${this.#parts.at}-${this.#dialled}`
    const uri = `sip:${user}@${serverAddress}`
    this.loop.command({
      kind: 'invite',
      sessionId,
      requestUri: uri,
      from: { uri: `sip:phone@${this.#parts.at}`, displayName: '' },
      to: { uri, displayName: '' },
      destination: { transport: 'UDP', remoteAddress: serverAddress, remotePort: 5060 },
      offer: sdp('phone'),
      headers,
    })
    return sessionId
  }

  answer(sessionId: string): void {
    this.loop.command({ kind: 'accept', sessionId, description: sdp('phone') })
  }

  hangUp(sessionId: string): void {
    this.loop.command({ kind: 'terminate', sessionId })
  }

  onEvent(event: SessionEvent): void {
    this.events.push(event)
    if (event.kind === 'ended') this.#ended.add(event.sessionId)
    if (event.kind === 'offer' || event.kind === 'offerRequested')
      this.loop.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('phone') })
    if (event.kind !== 'incoming') return
    this.invites.push(event)
    const reaction = this.#parts.manner(event)
    const { sessionId } = event
    this.loop.command({ kind: 'progress', sessionId, status: 180 })
    if (reaction === undefined) return
    this.#parts.clock.after(reaction.afterMs, () => {
      if (this.#ended.has(sessionId)) return
      if (reaction.status === 200) this.answer(sessionId)
      else this.loop.command({ kind: 'reject', sessionId, status: reaction.status })
    })
  }
}

/** Routes of numbers to the ways given. */
export const routesTo = (ways: Readonly<Record<string, readonly DialTarget[]>>) => ({
  waysTo: async (_customer: string, number: string, field: string): Promise<readonly DialTarget[]> => {
    const found = ways[number]
    if (found === undefined) throw new UserError('DESTINATION_NOT_ALLOWED', `${field}: no route leads to ${number}`)
    return found
  },
})
