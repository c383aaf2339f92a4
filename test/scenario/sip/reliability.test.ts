// What holds calls together over UDP: the 2xx until its ACK, forked 2xx, reliable provisional responses.
import { describe, expect, it } from 'vitest'
import { header, type SipMessage } from '../../../src/sip/message.ts'
import { expectEmpty } from './assertions.ts'
import { nameOf, sdp } from './session-description.ts'
import { type Packet, type Reaction, VirtualNetwork } from './virtual-network.ts'

const accepting: Reaction = (event, peer) => {
  if (event.kind === 'incoming')
    peer.command({ kind: 'accept', sessionId: event.sessionId, description: sdp('callee') })
  if (event.kind === 'offer') peer.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('reply') })
}

const is = ({ message }: Packet, what: string): boolean => {
  if (message?.kind === 'request') return message.method === what
  return message !== undefined && `${message.status} ${(header(message, 'CSeq') ?? '').split(' ')[1]}` === what
}

const timesOf = (network: VirtualNetwork, what: string): number[] =>
  network.packets.filter((packet) => is(packet, what)).map(({ at }) => at)

describe('the 2xx of an INVITE', () => {
  it('is sent again at T1, doubling to T2, until 64·T1, then BYE', () => {
    const network = new VirtualNetwork(1, { loss: 0, duplication: 0, delay: [0, 0] })
    const callee = network.peer('192.0.2.2', accepting)
    const caller = network.peer('192.0.2.1')
    caller.call(callee, { offer: sdp('caller') })
    network.passes = (packet) => !is(packet, 'ACK')
    network.run()
    expect(timesOf(network, '200 INVITE')).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ])
    expect(timesOf(network, 'BYE')).toEqual([32_000])
    expect(callee.ended).toEqual([{ by: 'timeout', status: 408, reason: 'no ACK for the 2xx' }])
    expect(caller.ended).toMatchObject([{ by: 'remote', status: 0 }])
    expectEmpty(caller, callee)
  })

  it('gets an ACK each time it comes, and the call is told once', () => {
    const network = new VirtualNetwork(1, { loss: 0, duplication: 0, delay: [0, 0] })
    const callee = network.peer('192.0.2.2', accepting)
    const caller = network.peer('192.0.2.1')
    caller.call(callee, { offer: sdp('caller') })
    let lost = 0
    network.passes = (packet) => !is(packet, 'ACK') || lost++ >= 3
    network.run(5000)
    expect(timesOf(network, 'ACK')).toEqual([0, 500, 1500, 3500])
    expect(
      new Set(network.packets.filter((packet) => is(packet, 'ACK')).map(({ bytes }) => new TextDecoder().decode(bytes)))
        .size,
    ).toBe(1)
    expect(caller.kinds()).toEqual(['accepted'])
    expect(callee.kinds()).toEqual(['incoming', 'confirmed'])
  })

  it('makes a callee that hangs up before the ACK wait with its BYE (§15)', () => {
    const network = new VirtualNetwork(1, { loss: 0, duplication: 0, delay: [0, 0] })
    const callee = network.peer('192.0.2.2', accepting)
    const caller = network.peer('192.0.2.1')
    caller.call(callee, { offer: sdp('caller') })
    network.passes = (packet) => !is(packet, 'ACK') || packet.at > 3000
    network.at(100, () => callee.command({ kind: 'terminate', sessionId: callee.last('incoming')?.sessionId ?? '' }))
    network.run()
    expect(timesOf(network, 'BYE')).toEqual([3500])
    expect(callee.ended).toMatchObject([{ by: 'local', status: 0 }])
    expectEmpty(caller, callee)
  })

  it('of a re-INVITE that is never acknowledged ends the session', () => {
    const network = new VirtualNetwork(1, { loss: 0, duplication: 0, delay: [0, 0] })
    const callee = network.peer('192.0.2.2', accepting)
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    network.run(1000)
    network.passes = (packet) => !is(packet, 'ACK')
    caller.command({ kind: 'reinvite', sessionId, offer: sdp('hold') })
    network.run()
    expect(callee.ended).toMatchObject([{ by: 'timeout', status: 408 }])
    expectEmpty(caller, callee)
  })
})

describe('a forked INVITE', () => {
  it('keeps the first 2xx, acknowledges the second and ends it with BYE (§13.2.2.4)', () => {
    const network = new VirtualNetwork(1)
    const forks = network.scripted('192.0.2.2', (message, from) => {
      if (message.kind !== 'request') return
      if (message.method === 'BYE') forks.respond(from, message, 200)
      if (message.method !== 'INVITE') return
      for (const tag of ['one', 'two', 'three']) forks.respond(from, message, 180, { tag })
      for (const tag of ['two', 'one', 'one']) forks.respond(from, message, 200, { tag, description: sdp(tag) })
    })
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(forks, { offer: sdp('caller') })
    network.run(1000)
    const requests = (method: string): SipMessage[] =>
      forks.received.filter((message) => message.kind === 'request' && message.method === method)
    const tags = (method: string): (string | undefined)[] =>
      requests(method).map((message) => /tag=(\w+)/.exec(header(message, 'To') ?? '')?.[1])
    expect(nameOf(caller.last('accepted')?.answer)).toBe('two')
    expect(tags('ACK').sort()).toEqual(['one', 'one', 'two'])
    expect(tags('BYE')).toEqual(['one'])
    expect(caller.core.dialogCount).toBe(1)
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expect(tags('BYE')).toEqual(['one', 'two'])
    expect(caller.ended.length).toBe(1)
    expectEmpty(caller)
  })

  it('frees every early dialog when it is refused', () => {
    const network = new VirtualNetwork(1)
    const forks = network.scripted('192.0.2.2', (message, from) => {
      if (message.kind !== 'request' || message.method !== 'INVITE') return
      for (const tag of ['one', 'two']) forks.respond(from, message, 180, { tag })
      forks.respond(from, message, 486, { tag: 'one' })
    })
    const caller = network.peer('192.0.2.1')
    caller.call(forks, { offer: sdp('caller') })
    network.run()
    expect(caller.ended).toMatchObject([{ status: 486 }])
    expectEmpty(caller)
  })
})

describe('a reliable provisional response', () => {
  const progressing: Reaction = (event, peer) => {
    if (event.kind === 'incoming') {
      peer.command({ kind: 'progress', sessionId: event.sessionId, status: 183, answer: sdp('early') })
      peer.command({ kind: 'accept', sessionId: event.sessionId, description: sdp('ignored') })
    }
    if (event.kind === 'offer') peer.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('reply') })
  }

  it('carries the answer and is acknowledged before the 2xx goes out (RFC 3262 §3)', () => {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2', progressing)
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    network.run(1000)
    expect(network.trace()).toEqual(['INVITE', '100 INVITE', '183 INVITE', 'PRACK', '200 PRACK', '200 INVITE', 'ACK'])
    expect(nameOf(caller.last('progress')?.answer)).toBe('early')
    expect(nameOf(caller.last('accepted')?.answer)).toBe('early')
    expect(network.packets.find((packet) => is(packet, '200 INVITE'))?.message?.body.length).toBe(0)
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expectEmpty(caller, callee)
  })

  it('offers when the INVITE did not, and the PRACK answers', () => {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2', progressing)
    const caller = network.peer('192.0.2.1', progressing)
    caller.call(callee)
    network.run(1000)
    expect(caller.kinds()).toEqual(['progress', 'offer', 'accepted'])
    expect(nameOf(callee.last('answer')?.description)).toBe('reply')
    expect(callee.kinds()).toEqual(['incoming', 'answer', 'confirmed'])
    expect([...caller.warnings, ...callee.warnings]).toEqual([])
  })

  it('is sent again at T1, 2·T1 … and the INVITE refused when no PRACK comes for 64·T1', () => {
    const network = new VirtualNetwork(1, { loss: 0, duplication: 0, delay: [0, 0] })
    const callee = network.peer('192.0.2.2', progressing)
    const caller = network.peer('192.0.2.1')
    network.passes = (packet) => !is(packet, 'PRACK')
    caller.call(callee, { offer: sdp('caller') })
    network.run()
    expect(timesOf(network, '183 INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500])
    expect(caller.ended).toMatchObject([{ by: 'remote', status: 504 }])
    expect(callee.ended).toMatchObject([{ by: 'timeout', status: 504 }])
    expectEmpty(caller, callee)
  })

  it('gets through loss: each is told once and in order', () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const network = new VirtualNetwork(seed, { loss: 0.3, duplication: 0.1, delay: [5, 100] })
      const callee = network.peer('192.0.2.2', (event, peer) => {
        if (event.kind !== 'incoming') return
        const { sessionId } = event
        for (const status of [183, 180, 181])
          peer.command({ kind: 'progress', sessionId, status, ...(status === 183 && { answer: sdp('early') }) })
      })
      const required = [{ name: 'Require', value: '100rel' }]
      const caller = network.peer('192.0.2.1')
      const sessionId = caller.call(callee, { offer: sdp('caller'), headers: required })
      network.run(25_000)
      const told = caller.events.flatMap((event) => (event.kind === 'progress' ? [event.status] : []))
      expect([183, 180, 181].slice(0, told.length), `seed ${seed}`).toEqual(told)
      caller.command({ kind: 'terminate', sessionId })
      network.run()
      expectEmpty(caller, callee)
    }
  })
})
