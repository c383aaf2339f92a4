// Session timers over hours of virtual time (RFC 4028): who refreshes, by what, and what happens when nobody does.
import { describe, expect, it } from 'vitest'
import { header, type SipMessage } from '../../../src/sip/message.ts'
import type { UserAgentOptions } from '../../../src/sip/user-agent-io.ts'
import { expectEmpty } from './assertions.ts'
import { sdp } from './session-description.ts'
import { type Reaction, VirtualNetwork } from './virtual-network.ts'

const hour = 3_600_000

const accepting: Reaction = (event, peer) => {
  if (event.kind === 'incoming')
    peer.command({ kind: 'accept', sessionId: event.sessionId, description: sdp('callee') })
  if (event.kind === 'offer') peer.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('callee') })
}

function established(callerOptions: Partial<UserAgentOptions> = {}, calleeOptions: Partial<UserAgentOptions> = {}) {
  const network = new VirtualNetwork(1)
  const callee = network.peer('192.0.2.2', accepting, calleeOptions)
  const caller = network.peer('192.0.2.1', () => undefined, callerOptions)
  const sessionId = caller.call(callee, { offer: sdp('caller') })
  network.run(1000)
  return { network, caller, callee, sessionId }
}

const timesOf = (network: VirtualNetwork, method: string): number[] =>
  network.packets.filter(({ message }) => message?.kind === 'request' && message.method === method).map(({ at }) => at)

describe('a session with a session timer', () => {
  it('lives for hours, refreshed by UPDATE each half interval', () => {
    const { network, caller, callee, sessionId } = established()
    network.run(3 * hour)
    expect([caller.core.sessionCount, callee.core.sessionCount]).toEqual([1, 1])
    expect(timesOf(network, 'UPDATE').length).toBe(11)
    expect(
      timesOf(network, 'UPDATE')
        .map((at) => Math.round(at / 1000))
        .slice(0, 3),
    ).toEqual([900, 1800, 2700])
    expect(callee.kinds()).toEqual(['incoming', 'confirmed'])
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expectEmpty(caller, callee)
  })

  it('ends on both sides when the far end is gone: at the refresh, or 32 s before the interval is over', () => {
    const { network, caller, callee } = established({ sessionExpires: 7200 }, { sessionExpires: 7200 })
    network.passes = () => false
    network.run()
    expect(caller.ended).toMatchObject([{ by: 'timeout', status: 408 }])
    expect(callee.ended).toEqual([{ by: 'timeout', status: 408, reason: 'session timer expired' }])
    expect(timesOf(network, 'UPDATE')[0]).toBe(hour + 10)
    expect(timesOf(network, 'BYE')).toContain(2 * hour - 32_000 + 5)
    expectEmpty(caller, callee)
  })

  it('is retried with the Min-SE of a 422', () => {
    const { network, caller, callee } = established({ sessionExpires: 100 }, { minSessionExpires: 600 })
    expect(network.trace('192.0.2.2').slice(0, 1)).toEqual(['422 INVITE'])
    const invites = network.packets.flatMap(({ message }) =>
      message?.kind === 'request' && message.method === 'INVITE' ? [message] : [],
    )
    expect(invites.map((message) => header(message, 'Session-Expires'))).toEqual(['100', '600'])
    expect(header(invites[1] as SipMessage, 'CSeq')).toBe('2 INVITE')
    expect([caller.core.sessionCount, callee.core.sessionCount]).toEqual([1, 1])
  })
})

/** A far end that answers as told and says what it can by Allow and Session-Expires. */
function withScriptedCallee(allow: string, sessionExpires: string | undefined) {
  const network = new VirtualNetwork(1)
  const callee = network.scripted('192.0.2.2', (message, from) => {
    if (message.kind !== 'request' || message.method === 'ACK') return
    const headers = [{ name: 'Allow', value: allow }]
    if (sessionExpires !== undefined) headers.push({ name: 'Session-Expires', value: sessionExpires })
    const description = message.method === 'INVITE' ? { description: sdp('callee') } : {}
    callee.respond(from, message, 200, { tag: 'x', headers, ...description })
  })
  const caller = network.peer('192.0.2.1')
  const sessionId = caller.call(callee, { offer: sdp('caller') })
  network.run(1000)
  return { network, callee, caller, sessionId }
}

describe('a caller', () => {
  it('refreshes by re-INVITE with what is in force where UPDATE is not allowed', () => {
    const { network, callee, caller } = withScriptedCallee('INVITE, ACK, BYE', '200;refresher=uac')
    network.run(250_000)
    const invites = callee.received.flatMap((message) =>
      message.kind === 'request' && message.method === 'INVITE' ? [message] : [],
    )
    expect(invites.length).toBe(3)
    expect(new TextDecoder().decode(invites[2]?.body)).toBe(sdp('caller'))
    expect(invites[2] && header(invites[2], 'Session-Expires')).toBe('200;refresher=uac')
    expect(caller.kinds()).toEqual(['accepted'])
  })

  it('waits for the far end to refresh when that is the refresher, and ends with BYE when it does not', () => {
    const { network, caller } = withScriptedCallee('INVITE, ACK, BYE, UPDATE', '300;refresher=uas')
    network.run()
    expect(timesOf(network, 'UPDATE')).toEqual([])
    expect(timesOf(network, 'BYE')).toEqual([268_010])
    expect(caller.ended).toMatchObject([{ by: 'timeout' }])
    expectEmpty(caller)
  })

  it('tries a refresh that was refused for the moment again, until the session expires', () => {
    const network = new VirtualNetwork(1)
    const callee = network.scripted('192.0.2.2', (message, from) => {
      if (message.kind !== 'request' || message.method === 'ACK') return
      const headers = [
        { name: 'Allow', value: 'INVITE, UPDATE' },
        { name: 'Session-Expires', value: '200;refresher=uac' },
      ]
      if (message.method === 'UPDATE') callee.respond(from, message, 503)
      else callee.respond(from, message, 200, { tag: 'x', headers, description: sdp('callee') })
    })
    const caller = network.peer('192.0.2.1')
    caller.call(callee, { offer: sdp('caller') })
    network.run()
    expect(timesOf(network, 'UPDATE')).toEqual([100_010, 130_020, 160_030])
    expect(timesOf(network, 'BYE')).toEqual([168_010])
    expectEmpty(caller)
  })

  it('keeps no timer when the far end wants none', () => {
    const { network, caller } = withScriptedCallee('INVITE, ACK, BYE', undefined)
    network.run(24 * hour)
    expect(caller.core.sessionCount).toBe(1)
    expect(caller.core.nextTimeout()).toBeUndefined()
  })
})

describe('a callee', () => {
  it('refreshes itself when the caller knows no session timers, and gives up with the caller', () => {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2', accepting, { sessionExpires: 600 })
    const caller = network.scripted('192.0.2.1', (message, from) => {
      if (message.kind === 'request') caller.respond(from, message, 481)
    })
    caller.send({ transport: 'UDP', remoteAddress: '192.0.2.2', remotePort: 5060 }, [
      'INVITE sip:room@192.0.2.2 SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKold',
      'From: <sip:old@192.0.2.1>;tag=1',
      'To: <sip:room@192.0.2.2>',
      'Call-ID: old',
      'CSeq: 1 INVITE',
      'Contact: <sip:old@192.0.2.1>',
    ])
    network.run(20)
    const answer = caller.received.find((message) => message.kind === 'response' && message.status === 200)
    expect(answer && header(answer, 'Session-Expires')).toBe('600;refresher=uas')
    expect(answer && header(answer, 'Require')).toBeUndefined()
    const tag = /tag=(\w+)/.exec((answer && header(answer, 'To')) ?? '')?.[1]
    caller.send(
      { transport: 'UDP', remoteAddress: '192.0.2.2', remotePort: 5060 },
      [
        'ACK sip:192.0.2.2:5060 SIP/2.0',
        'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKack',
        'From: <sip:old@192.0.2.1>;tag=1',
        `To: <sip:room@192.0.2.2>;tag=${tag}`,
        'Call-ID: old',
        'CSeq: 1 ACK',
        'Content-Type: application/sdp',
      ],
      sdp('old'),
    )
    network.run()
    const refresh = caller.received.find((message) => message.kind === 'request' && message.method === 'INVITE')
    expect(refresh && header(refresh, 'Session-Expires')).toBe('600;refresher=uac')
    expect(callee.ended).toMatchObject([{ by: 'remote', status: 481 }])
    expectEmpty(callee)
  })
})
