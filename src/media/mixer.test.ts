import { describe, expect, it } from 'vitest'
import { Mixer, type MixMember } from './mixer.ts'
import { SharedMix } from './shared-mix.ts'

/** A member that is no phone: says a constant, keeps what it hears. */
class Player implements MixMember {
  readonly frame = new Int16Array(160)
  readonly #speaks: boolean
  heard = 0
  shared: SharedMix | undefined
  payload: Uint8Array | undefined

  constructor(value: number) {
    this.#speaks = value !== 0
    this.frame.fill(value)
  }

  pull(): boolean {
    return this.#speaks
  }

  hear(sum: Int32Array): void {
    this.shared = undefined
    this.heard = sum[0] ?? 0
  }

  hearShared(shared: SharedMix): void {
    this.shared = shared
    this.heard = shared.pcm()[0] ?? 0
    this.payload = shared.payload(this.frame.length % 2 === 0 ? 'PCMU' : 'PCMA')
  }
}

function mixed(values: readonly number[]): { mixer: Mixer; players: Player[] } {
  const mixer = new Mixer(new SharedMix())
  const players = values.map((value) => new Player(value))
  for (const player of players) mixer.add(player)
  mixer.tick(0)
  return { mixer, players }
}

describe('mixer', () => {
  it('lets each contributor hear the others exactly, and the silent ones everybody', () => {
    const { players } = mixed([100, -2000, 30_000, 0, 0])
    expect(players.map((player) => player.heard)).toEqual([28_000, 30_100, -1900, 28_100, 28_100])
  })

  it('encodes once for all who are silent', () => {
    const { mixer, players } = mixed([1000, 2000, ...new Array<number>(50).fill(0)])
    expect(mixer.sharedEncodes).toBe(1)
    expect(new Set(players.slice(2).map((player) => player.payload)).size).toBe(1)
    mixer.tick(20)
    expect(mixer.sharedEncodes).toBe(2)
  })

  it('encodes nothing when nobody speaks, and nothing for a lone speaker', () => {
    const { mixer, players } = mixed([0, 0, 0])
    for (let tick = 1; tick < 100; tick += 1) mixer.tick(tick * 20)
    expect(mixer.sharedEncodes).toBe(0)
    expect(players.every((player) => player.heard === 0)).toBe(true)
    const lone = mixed([1000])
    expect(lone.mixer.sharedEncodes).toBe(0)
    expect(lone.players[0]?.heard).toBe(0)
  })

  it('no longer hears who was removed, from the very next tick', () => {
    const { mixer, players } = mixed([100, 200, 300])
    const [first] = players
    if (first) mixer.remove(first)
    mixer.tick(20)
    expect(players.map((player) => player.heard)).toEqual([500, 300, 200])
    expect(mixer.size).toBe(2)
  })
})
