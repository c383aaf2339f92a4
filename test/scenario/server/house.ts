// A whole server without sockets: the real SIP core and its drive loop, domain, flows and ledger on a virtual clock and wire,
// with a media engine that keeps the books. And phones that dial it, each a SIP core with a drive loop of its own.
import { bootstrapAccounts } from '../../../src/account/bootstrap.ts'
import { OperationalError } from '../../../src/base/errors.ts'
import { silentLog } from '../../../src/base/log.ts'
import type { ResolveHost } from '../../../src/call/ports.ts'
import { composeDomain, type DomainSettings } from '../../../src/domain.ts'
import type { StoredEvent } from '../../../src/event/ledger.ts'
import { createMemoryLedger } from '../../../src/event/memory-ledger.ts'
import { openSipLoop, type SipLoop } from '../../../src/net/sip-loop.ts'
import { FakeFiles } from '../../../src/recording/recording.fixture.ts'
import { createUserAgent } from '../../../src/sip/user-agent.ts'
import type { SessionEnd, SessionEvent } from '../../../src/sip/user-agent-io.ts'
import { settle, VirtualClock } from '../../virtual-clock.ts'
import { sdp } from '../sip/session-description.ts'
import { type LinkQuality, perfectLink } from '../sip/virtual-network.ts'
import { ModelEngine } from './model-engine.ts'
import { Wire } from './wire.ts'

const absent = async (): Promise<never> => {
  throw new OperationalError('not here')
}

export const serverAddress = '192.0.2.1'

export interface HouseOptions {
  readonly seed?: number
  readonly quality?: LinkQuality
  readonly settings?: Partial<DomainSettings>
  /** Host names to addresses; each is its own address unless given. */
  readonly resolve?: ResolveHost
}

export async function openHouse({ seed = 1, quality = perfectLink, settings = {}, resolve }: HouseOptions = {}) {
  const clock = new VirtualClock()
  const wire = new Wire(clock, seed, quality)
  const ledger = createMemoryLedger({ clock })
  const engine = new ModelEngine()
  const events: StoredEvent[] = []
  ledger.subscribe((event) => events.push(event))
  const { customerId, accesskey = '' } = await bootstrapAccounts(ledger, { password: 'a password for tests' })
  let loop: SipLoop | undefined
  const domain = composeDomain({
    settings: {
      publicIp: serverAddress,
      sipDomain: 'sip.test',
      maxCallSeconds: 86_400,
      dialAllow: ['198.51.100.0/24'],
      publicUrl: 'http://localhost',
      tls: undefined,
      sipPort: 5060,
      codecs: ['PCMU', 'PCMA'],
      maxCalls: 0,
      callsPerSecond: 0,
      ...settings,
    },
    clock,
    log: silentLog,
    ledger,
    engine,
    seal: { seal: (text) => text, open: (text) => text },
    line: { setEndpoint: async () => undefined },
    resolve: resolve ?? (async (host) => [host]),
    command: (command) => loop?.command(command),
    outside: {
      speech: { render: absent },
      web: { send: absent },
      adapters: { has: () => false, ask: absent },
      openAudio: absent,
      mediaHost: absent,
      tune: absent,
      recordingFiles: new FakeFiles(),
    },
  })
  engine.onNotice((notice) => domain.onNotice(notice))
  const drive = (address: string, onEvent: (event: SessionEvent) => void): Promise<SipLoop> =>
    openSipLoop({
      core: createUserAgent({
        sentBy: { address, port: 5060 },
        userAgent: 'test',
        ...(address === serverAddress && { reaches: domain.reaches }),
        token: (length) => Array.from({ length }, () => Math.floor(wire.random() * 16).toString(16)).join(''),
      }),
      clock,
      log: silentLog,
      bindIp: address,
      port: 5060,
      onEvent,
      open: wire.end(address),
    })
  loop = await drive(serverAddress, (event) => domain.onSession(event))
  const server = loop

  async function conference(): Promise<{ id: string; hash: string }> {
    const created = await domain.conferences.create(customerId, {
      type: 'conference',
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
  return {
    clock,
    wire,
    ledger,
    engine,
    events,
    customerId,
    accesskey,
    domain,
    server,
    conference,
    phone: phoneMaker(drive),
  }
}

/** What a phone does when it is rung: a final status, or undefined to let it ring. */
export type Manner = (event: Extract<SessionEvent, { kind: 'incoming' }>) => number | undefined

export interface VirtualPhone {
  readonly loop: SipLoop
  readonly events: SessionEvent[]
  /** Dials; answers the session's id. */
  dial(user: string, offer?: string): string
  hangUp(sessionId: string): void
  ends(): SessionEnd[]
}

function phoneMaker(drive: (address: string, onEvent: (event: SessionEvent) => void) => Promise<SipLoop>) {
  return async (address: string, manner: Manner = () => 486): Promise<VirtualPhone> => {
    const events: SessionEvent[] = []
    let dialled = 0
    const loop = await drive(address, (event) => {
      events.push(event)
      if (event.kind === 'incoming') ring(event)
      if (event.kind === 'offer' || event.kind === 'offerRequested') {
        loop.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('phone') })
      }
    })
    const ring = (event: Extract<SessionEvent, { kind: 'incoming' }>): void => {
      const status = manner(event)
      const { sessionId } = event
      loop.command({ kind: 'progress', sessionId, status: 180 })
      if (status === 200) loop.command({ kind: 'accept', sessionId, description: sdp('phone') })
      else if (status !== undefined) loop.command({ kind: 'reject', sessionId, status })
    }
    return {
      loop,
      events,
      dial(user, offer = sdp('phone')) {
        dialled += 1
        const sessionId = `${address}-${dialled}`
        loop.command({
          kind: 'invite',
          sessionId,
          requestUri: `sip:${user}@${serverAddress}`,
          from: { uri: `sip:phone@${address}`, displayName: '' },
          to: { uri: `sip:${user}@${serverAddress}`, displayName: '' },
          destination: { transport: 'UDP', remoteAddress: serverAddress, remotePort: 5060 },
          offer,
        })
        return sessionId
      },
      hangUp: (sessionId) => loop.command({ kind: 'terminate', sessionId }),
      ends: () => events.flatMap((event) => (event.kind === 'ended' ? [event.end] : [])),
    }
  }
}
