// Plain calls between two user agent cores: offers early and late, refusals, changes of a running session, and who may end it.
import { describe, expect, it } from 'vitest'
import { header } from '../../../src/sip/message.ts'
import { expectEmpty } from './assertions.ts'
import { nameOf, sdp } from './session-description.ts'
import { type Reaction, VirtualNetwork } from './virtual-network.ts'

const accepting: Reaction = (event, peer) => {
  if (event.kind === 'incoming')
    peer.command({ kind: 'accept', sessionId: event.sessionId, description: sdp('callee') })
  if (event.kind === 'offer')
    peer.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('callee-again') })
}

const pair = (reaction: Reaction = accepting, callerReaction: Reaction = () => undefined) => {
  const network = new VirtualNetwork(1)
  return { network, callee: network.peer('192.0.2.2', reaction), caller: network.peer('192.0.2.1', callerReaction) }
}

describe('a call', () => {
  it('goes from INVITE over ACK to BYE', () => {
    const { network, caller, callee } = pair()
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    network.run(1000)
    expect(caller.kinds()).toEqual(['accepted'])
    expect(nameOf(caller.last('accepted')?.answer)).toBe('callee')
    expect(callee.kinds()).toEqual(['incoming', 'confirmed'])
    expect(nameOf(callee.last('incoming')?.offer)).toBe('caller')
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expect(network.trace()).toEqual(['INVITE', '100 INVITE', '200 INVITE', 'ACK', 'BYE', '200 BYE'])
    expect(caller.ended).toEqual([{ by: 'local', status: 0, reason: 'terminated' }])
    expect(callee.ended).toEqual([{ by: 'remote', status: 0, reason: 'BYE' }])
    expectEmpty(caller, callee)
    expect([...caller.warnings, ...callee.warnings]).toEqual([])
  })

  it('may be ended by the callee, with a Q.850 cause', () => {
    const { network, caller, callee } = pair()
    caller.call(callee, { offer: sdp('caller') })
    network.run(1000)
    const reason = { name: 'Reason', value: 'SIP;cause=200, Q.850;cause=16;text="Normal call clearing"' }
    callee.command({ kind: 'terminate', sessionId: callee.last('incoming')?.sessionId ?? '', headers: [reason] })
    network.run()
    expect(caller.ended).toEqual([{ by: 'remote', status: 0, reason: 'Normal call clearing', cause: 16 }])
    expectEmpty(caller, callee)
  })

  it.each([302, 404, 486, 500, 603])('ends with the status of its refusal, %i', (status) => {
    const { network, caller, callee } = pair((event, peer) => {
      if (event.kind === 'incoming') peer.command({ kind: 'reject', sessionId: event.sessionId, status })
    })
    caller.call(callee, { offer: sdp('caller') })
    network.run()
    expect(caller.ended).toMatchObject([{ by: 'remote', status }])
    expect(callee.ended).toMatchObject([{ by: 'local', status }])
    expect(network.trace('192.0.2.1')).toEqual(['INVITE', 'ACK'])
    expectEmpty(caller, callee)
  })

  it('refuses with 480 when an unanswered call is terminated', () => {
    const { network, caller, callee } = pair((event, peer) => {
      if (event.kind === 'incoming') peer.command({ kind: 'terminate', sessionId: event.sessionId })
    })
    caller.call(callee, { offer: sdp('caller') })
    network.run()
    expect(caller.ended).toMatchObject([{ by: 'remote', status: 480 }])
  })

  it('tells of ringing and early media', () => {
    const { network, caller, callee } = pair((event, peer) => {
      if (event.kind !== 'incoming') return
      peer.command({ kind: 'progress', sessionId: event.sessionId, status: 180 })
      peer.command({ kind: 'progress', sessionId: event.sessionId, status: 183, answer: sdp('early') })
    })
    caller.call(callee, { offer: sdp('caller') })
    network.run(1000)
    const progress = caller.events.filter((event) => event.kind === 'progress')
    expect(progress.map((event) => [event.status, nameOf(event.answer)])).toEqual([
      [180, undefined],
      [183, 'early'],
    ])
  })

  it('ends with 408 when nobody answers the INVITE', () => {
    const network = new VirtualNetwork(1)
    const caller = network.peer('192.0.2.1')
    caller.call({ address: '192.0.2.66', port: 5060 }, { offer: sdp('caller') })
    network.run()
    expect(network.now).toBe(32_000)
    expect(caller.ended).toMatchObject([{ by: 'timeout', status: 408 }])
    expectEmpty(caller)
  })

  it('repeats a provisional response every minute, so that proxies do not give up (§13.3.1.1)', () => {
    const { network, caller, callee } = pair((event, peer) => {
      if (event.kind === 'incoming') peer.command({ kind: 'progress', sessionId: event.sessionId, status: 180 })
    })
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    network.run(190_000)
    const rings = network.packets.filter(({ message }) => message?.kind === 'response' && message.status === 180)
    expect(rings.map(({ at }) => at)).toEqual([5, 60_005, 120_005, 180_005])
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expectEmpty(caller, callee)
  })
})

describe('a late offer', () => {
  it('is in the 2xx and answered in the ACK', () => {
    const { network, caller, callee } = pair(accepting, accepting)
    const sessionId = caller.call(callee)
    network.run(1000)
    expect(caller.kinds()).toEqual(['accepted', 'offer'])
    expect(caller.last('accepted')?.answer).toBeUndefined()
    expect(nameOf(caller.last('offer')?.description)).toBe('callee')
    expect(callee.last('incoming')?.offer).toBeUndefined()
    expect(nameOf(callee.last('confirmed')?.answer)).toBe('callee-again')
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expectEmpty(caller, callee)
  })

  it('that is refused ends the session with a declining answer in the ACK, then BYE', () => {
    const { network, caller, callee } = pair(accepting, (event, peer) => {
      if (event.kind === 'offer') peer.command({ kind: 'refuseOffer', sessionId: event.sessionId, status: 488 })
    })
    caller.call(callee)
    network.run()
    expect(network.trace('192.0.2.1')).toEqual(['INVITE', 'ACK', 'BYE'])
    expect(callee.last('confirmed')?.answer).toContain('m=audio 0 RTP/AVP 0')
    expect(caller.ended).toMatchObject([{ by: 'local', status: 488 }])
    expectEmpty(caller, callee)
  })

  it('that nobody answers is given up', () => {
    const { network, caller, callee } = pair(accepting, () => undefined)
    caller.call(callee)
    network.run()
    expect(caller.ended.length).toBe(1)
    expect(callee.ended).toMatchObject([{ status: 408 }])
    expectEmpty(caller, callee)
  })
})

describe('a running session', () => {
  const established = (reaction: Reaction = accepting) => {
    const { network, caller, callee } = pair(reaction)
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    network.run(1000)
    return { network, caller, callee, sessionId, calleeSession: callee.last('incoming')?.sessionId ?? '' }
  }

  it('is held by re-INVITE of the caller', () => {
    const { network, caller, callee, sessionId } = established()
    caller.command({ kind: 'reinvite', sessionId, offer: sdp('hold') })
    network.run(2000)
    expect(nameOf(callee.last('offer')?.description)).toBe('hold')
    expect(caller.last('answer')).toMatchObject({ status: 200, description: sdp('callee-again') })
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expectEmpty(caller, callee)
  })

  it('is held by re-INVITE of the callee', () => {
    const { network, caller, callee, calleeSession } = established()
    caller.react = accepting
    callee.command({ kind: 'reinvite', sessionId: calleeSession, offer: sdp('hold') })
    network.run(2000)
    expect(callee.last('answer')).toMatchObject({ status: 200, description: sdp('callee-again') })
    callee.command({ kind: 'terminate', sessionId: calleeSession })
    network.run()
    expectEmpty(caller, callee)
  })

  it('goes on unchanged when an offer is refused', () => {
    const { network, caller, callee, sessionId } = established((event, peer) => {
      if (event.kind === 'offer') peer.command({ kind: 'refuseOffer', sessionId: event.sessionId, status: 488 })
      else accepting(event, peer)
    })
    caller.command({ kind: 'reinvite', sessionId, offer: sdp('bad') })
    network.run(2000)
    expect(caller.last('answer')).toEqual({ kind: 'answer', sessionId, status: 488 })
    expect([caller.core.sessionCount, callee.core.sessionCount]).toEqual([1, 1])
  })

  it('sends the last of several offers that had to wait', () => {
    const { network, caller, callee, sessionId } = established()
    for (const name of ['one', 'two', 'three']) caller.command({ kind: 'reinvite', sessionId, offer: sdp(name) })
    network.run(2000)
    const offers = callee.events.flatMap((event) => (event.kind === 'offer' ? [nameOf(event.description)] : []))
    expect(offers).toEqual(['one', 'three'])
  })

  it('ends when the far end forgot it (481)', () => {
    const { network, caller, callee, sessionId } = established()
    const forgetful = network.scripted('192.0.2.2', (message, from) => {
      if (message.kind === 'request' && message.method !== 'ACK') forgetful.respond(from, message, 481)
    })
    caller.command({ kind: 'reinvite', sessionId, offer: sdp('hold') })
    network.run(3000)
    expect(caller.ended).toMatchObject([{ by: 'remote', status: 481 }])
    expect(callee.ended).toEqual([])
  })

  it('ends with a timeout when the far end is gone', () => {
    const { network, caller, sessionId } = established()
    network.passes = () => false
    caller.command({ kind: 'reinvite', sessionId, offer: sdp('hold') })
    network.run(100_000)
    expect(caller.ended).toMatchObject([{ by: 'timeout', status: 408 }])
    expectEmpty(caller)
  })

  it('answers what is pending with 487 when BYE comes (§15.1.2)', () => {
    const { network, caller, callee, sessionId } = established((event, peer) => {
      if (event.kind !== 'offer') accepting(event, peer)
    })
    caller.command({ kind: 'reinvite', sessionId, offer: sdp('hold') })
    network.run(2000)
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expect(network.trace('192.0.2.2').slice(-3)).toEqual(['100 INVITE', '200 BYE', '487 INVITE'])
    expectEmpty(caller, callee)
  })

  it('answers 500 when its user leaves an offer without answer', () => {
    const { network, caller, callee, sessionId } = established((event, peer) => {
      if (event.kind !== 'offer') accepting(event, peer)
    })
    caller.command({ kind: 'reinvite', sessionId, offer: sdp('hold') })
    network.run(40_000)
    expect(caller.last('answer')?.status).toBe(500)
    expect(callee.core.sessionCount).toBe(1)
  })
})

describe('glare', () => {
  it('is resolved: both re-INVITEs meet 491, the owner of the Call-ID waits longer, both get through', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const network = new VirtualNetwork(seed)
      const callee = network.peer('192.0.2.2', accepting)
      const caller = network.peer('192.0.2.1', accepting)
      const sessionId = caller.call(callee, { offer: sdp('caller') })
      network.run(1000)
      caller.command({ kind: 'reinvite', sessionId, offer: sdp('hold-a') })
      callee.command({ kind: 'reinvite', sessionId: callee.last('incoming')?.sessionId ?? '', offer: sdp('hold-b') })
      network.run(20_000)
      expect(caller.last('answer')?.status, `seed ${seed}`).toBe(200)
      expect(callee.last('answer')?.status, `seed ${seed}`).toBe(200)
      expect(nameOf(callee.last('offer')?.description)).toBe('hold-a')
      expect(nameOf(caller.last('offer')?.description)).toBe('hold-b')
      const again = (from: string): number => {
        const invites = network.packets.filter(
          ({ message, from: source }) => source === from && message?.kind === 'request' && message.method === 'INVITE',
        )
        const seen = new Set(invites.map(({ message }) => message && header(message, 'CSeq')))
        expect(seen.size).toBe(from === '192.0.2.1:5060' ? 3 : 2)
        return (invites.at(-1)?.at ?? 0) - 1005
      }
      expect(again('192.0.2.1:5060')).toBeGreaterThanOrEqual(2100)
      expect(again('192.0.2.2:5060')).toBeLessThanOrEqual(2010)
      caller.command({ kind: 'terminate', sessionId })
      network.run()
      expectEmpty(caller, callee)
    }
  })
})
