// A thousand seeded calls over a network that loses every fifth datagram, doubles some and reorders: both ends agree, nothing stays.
import { describe, expect, it } from 'vitest'
import { nameOf, sdp } from './session-description.ts'
import { type Peer, type Reaction, seededRandom, VirtualNetwork } from './virtual-network.ts'

const lossy = { loss: 0.2, duplication: 0.05, delay: [5, 300] } as const

/** What a call does is chosen by its seed: late offer, ringing first, rejection, hold, early hang-up, and which side ends it. */
function playCall(seed: number): { network: VirtualNetwork; caller: Peer; callee: Peer } {
  const choose = seededRandom(seed * 7919)
  const network = new VirtualNetwork(seed, lossy)
  network.keepsPackets = false
  const rejects = choose() < 0.1
  const rings = choose() < 0.5
  const answerAfter = choose() * 8000
  const talksFor = 500 + choose() * 20_000
  const callerEnds = choose() < 0.5
  const answerOffers: Reaction = (event, peer) => {
    if (event.kind === 'offer') peer.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('reply') })
    if (event.kind === 'offerRequested')
      peer.command({ kind: 'answer', sessionId: event.sessionId, description: sdp('asked') })
  }
  const callee = network.peer('192.0.2.2', (event, peer) => {
    answerOffers(event, peer)
    if (event.kind === 'confirmed' && !callerEnds) {
      network.at(network.now + talksFor, () => peer.command({ kind: 'terminate', sessionId: event.sessionId }))
    }
    if (event.kind !== 'incoming') return
    const { sessionId } = event
    if (rings) peer.command({ kind: 'progress', sessionId, status: 183, answer: sdp('callee') })
    network.at(network.now + answerAfter, () => {
      if (rejects) peer.command({ kind: 'reject', sessionId, status: 486 })
      else peer.command({ kind: 'accept', sessionId, description: sdp('callee') })
    })
  })
  const holds = choose() < 0.3
  const caller = network.peer('192.0.2.1', (event, peer) => {
    answerOffers(event, peer)
    const { sessionId } = event
    if (event.kind === 'accepted' && callerEnds)
      network.at(network.now + talksFor, () => peer.command({ kind: 'terminate', sessionId }))
    if (event.kind === 'accepted' && holds)
      network.at(network.now + talksFor / 2, () => peer.command({ kind: 'reinvite', sessionId, offer: sdp('hold') }))
  })
  const sessionId = caller.call(callee, choose() < 0.7 ? { offer: sdp('caller') } : {})
  if (choose() < 0.2) network.at(choose() * 10_000, () => caller.command({ kind: 'terminate', sessionId }))
  network.run()
  return { network, caller, callee }
}

describe('a network that loses a fifth of all datagrams', () => {
  it('lets a thousand calls end in states that both ends agree on, and leaves nothing behind', () => {
    const outcomes = { established: 0, refused: 0 }
    for (let seed = 1; seed <= 1000; seed += 1) {
      const { caller, callee } = playCall(seed)
      const context = `seed ${seed}: ${JSON.stringify([caller.kinds(), caller.ended, callee.kinds(), callee.ended])}`
      for (const peer of [caller, callee]) {
        expect(peer.core.sessionCount, context).toBe(0)
        expect(peer.core.transactionCount, context).toBe(0)
        expect(peer.core.dialogCount, context).toBe(0)
        expect(peer.core.nextTimeout(), context).toBeUndefined()
      }
      expect(caller.ended.length, context).toBe(1)
      expect(callee.ended.length, context).toBeLessThanOrEqual(1)
      if (callee.kinds().includes('confirmed')) {
        // The ACK proves that the caller saw the 2xx, unless it was sent only to end the session that its CANCEL crossed.
        const crossed = caller.ended[0]?.status === 487
        expect(crossed || caller.kinds().includes('accepted'), context).toBe(true)
        outcomes.established += 1
        if (!crossed && caller.last('accepted')?.answer !== undefined)
          expect(nameOf(caller.last('accepted')?.answer)).toBe('callee')
      } else outcomes.refused += 1
    }
    expect(outcomes.established).toBeGreaterThan(600)
    expect(outcomes.refused).toBeGreaterThan(50)
  }, 120_000)

  it('has the same history for the same seed', () => {
    const one = playCall(42)
    const other = playCall(42)
    expect(other.caller.events).toEqual(one.caller.events)
    expect(other.network.now).toBe(one.network.now)
  })
})
