// Every cell of the four transaction tables, with what it does: an expectation is total by type, and all of it is visited.
import { describe, expect, it } from 'vitest'
import { step, type Table } from '../base/machine.ts'
import type { SipRequest, SipResponse } from './message.ts'
import { type ClientEvent, type ClientState, clientTable } from './transaction-client.ts'
import { type InviteClientEvent, type InviteClientState, inviteClientTable } from './transaction-invite-client.ts'
import { type InviteServerEvent, type InviteServerState, inviteServerTable } from './transaction-invite-server.ts'
import { type ServerEvent, type ServerState, serverTable } from './transaction-server.ts'

const response: SipResponse = { kind: 'response', status: 200, reason: 'OK', headers: [], body: new Uint8Array() }
const request: SipRequest = { kind: 'request', method: 'ACK', uri: 'sip:a@b', headers: [], body: new Uint8Array() }

/** `bug`, `ignore`, or `state: effect, effect…` */
type Expected<State extends string, Event extends { readonly kind: string }> = {
  readonly [S in State]: { readonly [K in Event['kind']]: string }
}

/** A port that writes down what a cell does. Interval 500 ms, so that a doubled one shows as 1000. */
function recordingPort(reliable: boolean) {
  const effects: string[] = []
  return {
    effects,
    reliable,
    interval: 500,
    sendRequest: () => effects.push('send'),
    sendAck: () => effects.push('ack'),
    sendResponse: () => effects.push('respond'),
    repeatResponse: () => effects.push('repeat'),
    start: (timer: string, ms: number) => effects.push(`${timer}=${ms}`),
    stop: (...timers: readonly string[]) => effects.push(`stop ${timers.join('')}`),
    indicate: (indication: { readonly kind: string }) => effects.push(`tell ${indication.kind}`),
  }
}

function walk<State extends string, Event extends { readonly kind: string }, Port>(
  table: Table<State, Event, Port>,
  expected: Expected<State, Event>,
  reliable = false,
): void {
  const seen: Record<string, Record<string, string>> = {}
  for (const state of Object.keys(table) as State[]) {
    seen[state] = {}
    for (const kind of Object.keys(table[state])) {
      const port = recordingPort(reliable)
      const event = { kind, response, request } as unknown as Event
      const taken = step(table, state, event, port as unknown as Port)
      const text =
        taken.outcome === 'moved' ? [taken.to, ...port.effects].join(', ') : taken.outcome.replace('ignored', 'ignore')
      Object.assign(seen[state] ?? {}, { [kind]: text })
    }
  }
  expect(seen).toEqual(expected)
}

const allBugs = { provisional: 'bug', success: 'bug', failure: 'bug', final: 'bug' } as const

describe('INVITE client transaction', () => {
  const timersBug = { timerA: 'bug', timerB: 'bug', timerD: 'bug', timerM: 'bug' } as const
  const expected: Expected<InviteClientState, InviteClientEvent> = {
    calling: {
      ...timersBug,
      provisional: 'proceeding, stop AB, tell response',
      success: 'accepted, stop AB, M=32000, tell response',
      failure: 'completed, stop AB, ack, D=32000, tell response',
      timerA: 'calling, send, A=1000',
      timerB: 'terminated, stop A, tell timeout',
      transportError: 'terminated, stop ABDM, tell transportFailed',
    },
    proceeding: {
      ...timersBug,
      provisional: 'proceeding, tell response',
      success: 'accepted, stop AB, M=32000, tell response',
      failure: 'completed, stop AB, ack, D=32000, tell response',
      transportError: 'terminated, stop ABDM, tell transportFailed',
    },
    accepted: {
      ...timersBug,
      provisional: 'ignore',
      success: 'accepted, tell response',
      failure: 'ignore',
      timerM: 'terminated',
      transportError: 'ignore',
    },
    completed: {
      ...timersBug,
      provisional: 'ignore',
      success: 'ignore',
      failure: 'completed, ack',
      timerD: 'terminated',
      transportError: 'terminated, stop D',
    },
    terminated: { ...timersBug, provisional: 'bug', success: 'bug', failure: 'bug', transportError: 'bug' },
  }

  it('does in every cell what RFC 3261 §17.1.1 and RFC 6026 say', () => walk(inviteClientTable, expected))

  it('waits no time for repeated responses over a stream (Timer D is 0)', () => {
    const completed = 'completed, stop AB, ack, D=0, tell response'
    const reliable = {
      calling: { ...expected.calling, failure: completed },
      proceeding: { ...expected.proceeding, failure: completed },
    }
    walk(inviteClientTable, { ...expected, ...reliable }, true)
  })
})

describe('non-INVITE client transaction', () => {
  const { provisional, final } = allBugs
  const timersBug = { timerE: 'bug', timerF: 'bug', timerK: 'bug' } as const
  const expected: Expected<ClientState, ClientEvent> = {
    trying: {
      provisional: 'proceeding, tell response',
      final: 'completed, stop EF, K=5000, tell response',
      timerE: 'trying, send, E=1000',
      timerF: 'terminated, stop E, tell timeout',
      timerK: 'bug',
      transportError: 'terminated, stop EF, tell transportFailed',
    },
    proceeding: {
      provisional: 'proceeding, tell response',
      final: 'completed, stop EF, K=5000, tell response',
      timerE: 'proceeding, send, E=4000',
      timerF: 'terminated, stop E, tell timeout',
      timerK: 'bug',
      transportError: 'terminated, stop EF, tell transportFailed',
    },
    completed: { ...timersBug, provisional: 'ignore', final: 'ignore', timerK: 'terminated', transportError: 'ignore' },
    terminated: { ...timersBug, provisional, final, transportError: 'bug' },
  }

  it('does in every cell what RFC 3261 §17.1.2 says', () => walk(clientTable, expected))

  it('is gone at once over a stream (Timer K is 0)', () => {
    const final = 'completed, stop EF, K=0, tell response'
    walk(
      clientTable,
      { ...expected, trying: { ...expected.trying, final }, proceeding: { ...expected.proceeding, final } },
      true,
    )
  })
})

describe('INVITE server transaction', () => {
  const timersBug = { timerG: 'bug', timerH: 'bug', timerI: 'bug', timerL: 'bug' } as const
  const respondBug = { respondProvisional: 'bug', respondSuccess: 'bug', respondFailure: 'bug' } as const
  const expected: Expected<InviteServerState, InviteServerEvent> = {
    proceeding: {
      ...timersBug,
      invite: 'proceeding, repeat',
      ack: 'ignore',
      respondProvisional: 'proceeding, respond',
      respondSuccess: 'accepted, respond, L=32000',
      respondFailure: 'completed, respond, G=500, H=32000',
      transportError: 'proceeding, tell transportFailed',
    },
    accepted: {
      ...timersBug,
      ...respondBug,
      invite: 'ignore',
      ack: 'accepted, tell ack',
      respondSuccess: 'accepted, respond',
      timerL: 'terminated',
      transportError: 'accepted, tell transportFailed',
    },
    completed: {
      ...timersBug,
      ...respondBug,
      invite: 'completed, repeat',
      ack: 'confirmed, stop GH, I=5000',
      timerG: 'completed, repeat, G=1000',
      timerH: 'terminated, stop G, tell noAck',
      transportError: 'completed, tell transportFailed',
    },
    confirmed: {
      ...timersBug,
      ...respondBug,
      invite: 'ignore',
      ack: 'ignore',
      timerI: 'terminated',
      transportError: 'ignore',
    },
    terminated: { ...timersBug, ...respondBug, invite: 'bug', ack: 'bug', transportError: 'bug' },
  }

  it('does in every cell what RFC 3261 §17.2.1 and RFC 6026 say', () => walk(inviteServerTable, expected))

  it('neither repeats nor lingers over a stream', () => {
    const respondFailure = 'completed, respond, H=32000'
    const ack = 'confirmed, stop GH, I=0'
    const reliable = {
      proceeding: { ...expected.proceeding, respondFailure },
      completed: { ...expected.completed, ack },
    }
    walk(inviteServerTable, { ...expected, ...reliable }, true)
  })
})

describe('non-INVITE server transaction', () => {
  const expected: Expected<ServerState, ServerEvent> = {
    trying: {
      request: 'ignore',
      respondProvisional: 'proceeding, respond',
      respondFinal: 'completed, respond, J=32000',
      timerJ: 'bug',
      transportError: 'ignore',
    },
    proceeding: {
      request: 'proceeding, repeat',
      respondProvisional: 'proceeding, respond',
      respondFinal: 'completed, respond, J=32000',
      timerJ: 'bug',
      transportError: 'terminated, stop J, tell transportFailed',
    },
    completed: {
      request: 'completed, repeat',
      respondProvisional: 'bug',
      respondFinal: 'ignore',
      timerJ: 'terminated',
      transportError: 'terminated, stop J, tell transportFailed',
    },
    terminated: {
      request: 'bug',
      respondProvisional: 'bug',
      respondFinal: 'ignore',
      timerJ: 'bug',
      transportError: 'bug',
    },
  }

  it('does in every cell what RFC 3261 §17.2.2 says', () => walk(serverTable, expected))

  it('is gone at once over a stream (Timer J is 0)', () => {
    const respondFinal = 'completed, respond, J=0'
    walk(
      serverTable,
      {
        ...expected,
        trying: { ...expected.trying, respondFinal },
        proceeding: { ...expected.proceeding, respondFinal },
      },
      true,
    )
  })
})
