// CANCEL against the final response, in every order in which the two can happen and arrive (RFC 3261 §9, §15).
import { describe, expect, it } from 'vitest'
import { expectEmpty } from './assertions.ts'
import { sdp } from './session-description.ts'
import { type Reaction, VirtualNetwork } from './virtual-network.ts'

const acceptAfter =
  (network: VirtualNetwork, ms: number, rings: boolean): Reaction =>
  (event, peer) => {
    if (event.kind !== 'incoming') return
    const { sessionId } = event
    if (rings) peer.command({ kind: 'progress', sessionId, status: 180 })
    network.at(network.now + ms, () => peer.command({ kind: 'accept', sessionId, description: sdp('callee') }))
  }

describe('CANCEL', () => {
  it('before any response waits for the first provisional one (§9.1)', () => {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2')
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    caller.command({ kind: 'terminate', sessionId })
    expect(network.trace()).toEqual(['INVITE'])
    network.run()
    expect(network.trace()).toEqual(['INVITE', '100 INVITE', 'CANCEL', '200 CANCEL', '487 INVITE', 'ACK'])
    expect(caller.ended).toMatchObject([{ by: 'local', status: 487 }])
    expect(callee.ended).toMatchObject([{ by: 'remote', status: 487 }])
    expectEmpty(caller, callee)
  })

  it('carries the headers of the command, whose cause the far end tells', () => {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2')
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    network.run(100)
    caller.command({
      kind: 'terminate',
      sessionId,
      headers: [{ name: 'Reason', value: 'Q.850;cause=26;text="answered elsewhere"' }],
    })
    network.run()
    expect(callee.ended).toEqual([{ by: 'remote', status: 487, reason: 'answered elsewhere', cause: 26 }])
  })

  it('is sent never when the INVITE gets no response at all', () => {
    const network = new VirtualNetwork(1)
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call({ address: '192.0.2.66', port: 5060 }, { offer: sdp('caller') })
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expect(network.trace()).not.toContain('CANCEL')
    expect(caller.ended.length).toBe(1)
    expectEmpty(caller)
  })

  it('gives up after 64·T1 when no final response follows', () => {
    const network = new VirtualNetwork(1)
    const silent = network.scripted('192.0.2.2', (message, from) => {
      if (message.kind === 'request' && message.method === 'INVITE') silent.respond(from, message, 180, { tag: 'x' })
    })
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(silent, { offer: sdp('caller') })
    network.run(100)
    caller.command({ kind: 'terminate', sessionId })
    network.run()
    expect(caller.ended).toMatchObject([{ by: 'timeout', status: 487 }])
    expectEmpty(caller)
  })

  /** Transit takes 10 ms each way: sweeping the moment of CANCEL over the call passes through every order of sending and arrival. */
  const sweep = (rings: boolean, late: boolean): Set<string> => {
    const histories = new Set<string>()
    for (let cancelAt = 0; cancelAt <= 80; cancelAt += 1) {
      for (const acceptDelay of [0, 15, 30]) {
        const network = new VirtualNetwork(cancelAt + 1, { loss: 0, duplication: 0, delay: [10, 10] })
        const callee = network.peer('192.0.2.2', acceptAfter(network, acceptDelay, rings))
        const caller = network.peer('192.0.2.1')
        const sessionId = caller.call(callee, late ? {} : { offer: sdp('caller') })
        network.at(cancelAt, () => caller.command({ kind: 'terminate', sessionId }))
        network.run()
        const context = `cancel at ${cancelAt}, accept after ${acceptDelay}: ${network.trace().join(' ')}`
        expect(caller.ended.length, context).toBe(1)
        expect(callee.ended.length, context).toBe(1)
        expectEmpty(caller, callee)
        const trace = network.trace('192.0.2.1')
        const answered = network.trace('192.0.2.2').includes('200 INVITE')
        // A 2xx is always acknowledged and ended by BYE, a 487 never is.
        expect(trace.includes('BYE'), context).toBe(answered)
        expect(trace.filter((method) => method === 'ACK').length, context).toBe(1)
        histories.add(network.trace().join(' '))
      }
    }
    return histories
  }

  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('leaves both ends agreed in every order against a 2xx (ringing %s, late offer %s)', (rings, late) => {
    const histories = sweep(rings, late)
    const crossed = [...histories].filter((trace) => trace.includes('CANCEL') && trace.includes('BYE'))
    expect(crossed.length).toBeGreaterThan(0)
    expect([...histories].some((trace) => trace.includes('487'))).toBe(true)
    expect([...histories].some((trace) => !trace.includes('CANCEL'))).toBe(true)
  })
})
