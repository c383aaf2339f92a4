// The real services on the memory ledger, without phones: nothing rings, mixes or reaches LINE. Only dialling is replaced,
// by writing the row that a dialled call has.
import { randomBytes } from 'node:crypto'
import { createSeal } from '../../src/account/seal.ts'
import { UserError } from '../../src/base/errors.ts'
import { newUuid, nilUuid } from '../../src/base/ids.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Clock, notDeleted } from '../../src/base/time.ts'
import { CallControls } from '../../src/call/call-controls.ts'
import { newCallRow } from '../../src/call/call-row.ts'
import { anonymousAddress, withholds } from '../../src/call/caller-identity.ts'
import { Calls } from '../../src/call/calls.ts'
import { DialPolicy } from '../../src/call/dial-policy.ts'
import { Conferencecalls } from '../../src/conference/conferencecalls.ts'
import { Conferences } from '../../src/conference/conferences.ts'
import { Focus } from '../../src/conference/focus.ts'
import { createConversationAccounts } from '../../src/conversation/accounts.ts'
import type { Ledger } from '../../src/event/ledger.ts'
import { actions } from '../../src/flow/actions/index.gen.ts'
import { createActiveflows } from '../../src/flow/activeflows.ts'
import { createFlows } from '../../src/flow/flows.ts'
import { createRegistry } from '../../src/flow/registry.ts'
import type { CallInput, CallService, GroupcallService, Services } from '../../src/http/services.ts'
import { recordingHouse } from '../../src/recording/recording.fixture.ts'
import { createDialRoutes } from '../../src/routing/dial-routes.ts'
import { createExtensions } from '../../src/routing/extensions.ts'
import { createNumbers } from '../../src/routing/numbers.ts'
import { createProviders } from '../../src/routing/providers.ts'
import { createTrunks } from '../../src/routing/trunks.ts'
import type { Call } from '../../src/schema/call.ts'
import type { ConferencecallRow } from '../../src/schema/rows.ts'

const noPhones = async (): Promise<never> => {
  throw new UserError('NOT_IMPLEMENTED', 'there are no phones here')
}

export function servicesUnderTest(ledger: Ledger, clock: Clock): Services {
  const log = silentLog
  const registry = createRegistry(actions)
  const flows = createFlows({ ledger, registry })
  const accountNumber = async (id: string): Promise<number> => (await ledger.get('customer', id))?.account_number ?? 0
  const focus = new Focus({
    ledger,
    log,
    accountNumber,
    mixer: { join: noPhones, leave: noPhones },
    phones: { phone: () => undefined },
  })
  const { calls, groupcalls } = callsUnderTest(ledger, clock)
  const seal = createSeal(randomBytes(32))
  const line = { setEndpoint: async (): Promise<void> => {} }
  return {
    conferences: new Conferences({ ledger, focus, clock, log }),
    conferencecalls: new Conferencecalls(ledger, focus),
    calls,
    groupcalls,
    callControls: new CallControls({
      calls: { get: calls.get, live: () => undefined },
      audio: () => {
        throw new Error('there are no phones here')
      },
      signalling: { command: () => {} },
      speech: { render: noPhones },
      log,
    }),
    flows,
    activeflows: createActiveflows({
      ledger,
      flows,
      registry,
      clock,
      log,
      conferences: { admit: noPhones, stay: noPhones },
      speech: { render: noPhones },
      web: { send: noPhones },
      recordings: { start: noPhones, stop: noPhones },
      dialling: { call: noPhones, connect: noPhones },
      adapters: { has: () => false, ask: noPhones },
    }),
    conversationAccounts: createConversationAccounts({ ledger, seal, line, log, publicUrl: 'http://localhost:8080' }),
    extensions: createExtensions({ ledger, seal }),
    trunks: createTrunks({ ledger, seal }),
    numbers: createNumbers({ ledger }),
    providers: createProviders({ ledger }),
    dialRoutes: createDialRoutes({ ledger }),
    recordings: recordingHouse(ledger, clock).recordings,
  }
}

function callsUnderTest(ledger: Ledger, clock: Clock): { calls: CallService; groupcalls: GroupcallService } {
  const calls = new Calls({
    ledger,
    clock,
    log: silentLog,
    engine: { request: noPhones, onNotice: () => () => {}, close: async () => {} },
    signalling: { command: () => {} },
    flows: { temporary: noPhones, start: noPhones, stop: async () => {} },
    publicIp: '127.0.0.1',
    sipDomain: 'sip.localhost',
    maxCallSeconds: 3600,
    inbound: { route: noPhones },
    dialPolicy: new DialPolicy([]),
    resolve: noPhones,
  })
  const service: CallService = {
    create: (customerId, input) => dial(ledger, customerId, input),
    get: (customerId, id) => calls.get(customerId, id),
    list: (customerId, page) => calls.list(customerId, page),
    remove: (customerId, id) => calls.remove(customerId, id),
    hangup: (customerId, id) => calls.hangup(customerId, id),
  }
  return { calls: service, groupcalls: calls.groupcalls }
}

async function dial(ledger: Ledger, customerId: string, input: CallInput): Promise<{ calls: Call[]; groupcalls: [] }> {
  const made: Call[] = []
  for (const destination of input.destinations) {
    const at = ledger.timestamp()
    const ids = {
      id: newUuid(),
      customerId,
      flowId: input.flow_id,
      activeflowId: nilUuid,
      sipCallId: 'secret-of-the-server',
    }
    const source = withholds(input.anonymous ?? '', input.source) ? anonymousAddress : input.source
    const row = newCallRow({ ...ids, direction: 'outgoing', source, destination, at })
    await ledger.commit([{ insert: 'call', row }])
    made.push(row)
  }
  return { calls: made, groupcalls: [] }
}

/** A participant, which no API call makes. */
export async function addConferencecall(
  ledger: Ledger,
  customerId: string,
  conferenceId: string,
): Promise<ConferencecallRow> {
  const row: ConferencecallRow = {
    id: newUuid(),
    customer_id: customerId,
    activeflow_id: nilUuid,
    conference_id: conferenceId,
    reference_type: 'call',
    reference_id: newUuid(),
    status: 'leaved',
    reason: 'hangup',
    tm_create: ledger.timestamp(),
    tm_update: '',
    tm_delete: notDeleted,
  }
  await ledger.commit([{ insert: 'conferencecall', row }])
  return row
}
