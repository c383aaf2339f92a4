// Two cores in calls while a third party sends them damaged copies of their own messages: nothing throws, no machine meets a cell that
// cannot happen, and when all is over nothing is left.
import { describe, expect, it } from 'vitest'
import { expectEmpty } from './assertions.ts'
import { sdp } from './session-description.ts'
import { type Peer, type Reaction, VirtualNetwork } from './virtual-network.ts'

const methods = ['INVITE', 'BYE', 'CANCEL', 'UPDATE', 'PRACK', 'INFO', 'ACK', 'OPTIONS']
const intruders = [
  'Require: 100rel',
  'RSeq: 1',
  'RAck: 1 1 INVITE',
  'Session-Expires: 90',
  'Min-SE: 900',
  'Supported: timer, 100rel',
  'Record-Route: <sip:198.51.100.1;lr>',
  'Contact: <sip:x@198.51.100.9>',
  'Content-Type: text/plain',
]

class Saboteur {
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  pick<T>(items: readonly T[], fallback: T): T {
    return items[this.below(items.length)] ?? fallback
  }

  /** A copy with up to four changes. */
  damage(bytes: Uint8Array): Uint8Array {
    let lines = Buffer.from(bytes).toString('latin1').split('\r\n')
    for (let change = this.below(5); change > 0; change -= 1) lines = this.#change(lines)
    return Buffer.from(lines.join('\r\n'), 'latin1')
  }

  #change(lines: readonly string[]): string[] {
    const at = this.below(lines.length)
    switch (this.below(7)) {
      case 0:
        return lines.toSpliced(at, 1)
      case 1:
        return lines.toSpliced(at, 0, this.pick(lines, ''))
      case 2:
        return lines.with(
          at,
          (lines[at] ?? '').replace(/\d+/, () => String(this.below(4))),
        )
      case 3:
        return this.#otherMethod(lines)
      case 4:
        return lines.with(0, `SIP/2.0 ${100 + this.below(600)} Other`)
      case 5:
        return lines.toSpliced(1, 0, this.pick(intruders, ''))
      default:
        return lines.with(at, `${(lines[at] ?? '').slice(0, this.below(40))}${String.fromCharCode(this.below(256))}`)
    }
  }

  #otherMethod(lines: readonly string[]): string[] {
    const method = this.pick(methods, 'BYE')
    const cseq = `CSeq: ${this.below(5)} ${method}`
    return lines.map((line, index) => {
      if (index === 0) return line.replace(/^[A-Z]+/, method)
      return line.startsWith('CSeq') ? cseq : line
    })
  }
}

/** A user that does anything, in and out of turn. */
const capricious =
  (saboteur: Saboteur): Reaction =>
  ({ kind, sessionId }, peer) => {
    const chance = saboteur.below(10)
    if (chance === 0) return
    if (kind === 'incoming') {
      if (chance < 5) peer.command({ kind: 'progress', sessionId, status: 183, answer: sdp('early') })
      if (chance < 9) peer.command({ kind: 'accept', sessionId, description: sdp('callee') })
      else peer.command({ kind: 'reject', sessionId, status: 486 })
    } else if (kind === 'offer' || kind === 'offerRequested') {
      if (chance < 7) peer.command({ kind: 'answer', sessionId, description: sdp('answer') })
      else peer.command({ kind: 'refuseOffer', sessionId, status: 488 })
    } else if (chance < 2) peer.command({ kind: 'terminate', sessionId })
    else if (chance < 4) peer.command({ kind: 'reinvite', sessionId, offer: sdp('again') })
  }

function playRound(seed: number): Peer[] {
  const network = new VirtualNetwork(seed, { loss: 0.1, duplication: 0.1, delay: [1, 50] })
  const saboteur = new Saboteur(network.random)
  const peers = ['192.0.2.1', '192.0.2.2'].map((address) => network.peer(address, capricious(saboteur)))
  const [caller, callee] = peers
  if (caller === undefined || callee === undefined) throw new Error('two peers')
  for (let call = 0; call < 5; call += 1) caller.call(callee, call % 2 === 0 ? { offer: sdp('caller') } : {})
  for (let message = 0; message < 200; message += 1) {
    network.at(saboteur.below(20_000), () => {
      const bytes = saboteur.damage(
        saboteur.pick(network.packets.slice(-40), network.packets[0])?.bytes ?? new Uint8Array(),
      )
      const remoteAddress = saboteur.pick(['192.0.2.1', '192.0.2.2'], '192.0.2.1')
      saboteur.pick(peers, caller).receive(bytes, { transport: 'UDP', remoteAddress, remotePort: 5060 })
    })
  }
  network.run(30_000)
  for (let round = 0; round < 2; round += 1) {
    for (const peer of peers) {
      const sessions = new Set([
        ...peer.events.map(({ sessionId }) => sessionId),
        'call-1',
        'call-2',
        'call-3',
        'call-4',
        'call-5',
      ])
      for (const sessionId of sessions) peer.command({ kind: 'terminate', sessionId })
    }
    network.run(network.now + 300_000)
  }
  return peers
}

describe('damaged copies of messages', () => {
  it('neither break the machines nor leave anything behind', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const peers = playRound(seed)
      expectEmpty(...peers)
      for (const { warnings } of peers) {
        expect(
          warnings.filter((output) => output.kind === 'note' && output.fields['outcome'] === 'bug'),
          `seed ${seed}`,
        ).toEqual([])
      }
    }
  }, 60_000)
})
