import { describe, expect, it } from 'vitest'
import { formatOf } from './leg-format.ts'
import type { Heard, MixMember, MixRate, SharedFrame } from './mix-member.ts'
import { tuningOf } from './mix-tuning.ts'
import { Mixer } from './mixer.ts'
import { Silences } from './silences.ts'

const pcmu = formatOf(
  {
    codec: 'PCMU',
    sendPayloadType: 0,
    receivePayloadType: 0,
    ptimeMs: 20,
    direction: 'sendrecv',
    remote: { address: '192.0.2.1', rtpPort: 4000, rtcpPort: 4001 },
  },
  16_000,
)

/** A member that is no phone: says a constant, keeps what it hears. */
class Talker implements MixMember {
  readonly speaks: MixRate | 0
  readonly hears: MixMember['hears']
  readonly only: MixMember | undefined
  gain = 1
  value: number
  heard = 0
  pulled: number[] = []
  rate = 0
  shared: SharedFrame | undefined
  payload: Uint8Array | undefined

  constructor(value: number, rates: Partial<Pick<MixMember, 'speaks' | 'hears' | 'only'>> = {}) {
    this.value = value
    this.speaks = rates.speaks ?? 8000
    this.hears = rates.hears ?? 8000
    this.only = rates.only
  }

  pull(out: Int16Array): boolean {
    this.pulled.push(out.length)
    out.fill(this.value)
    return this.value !== 0
  }

  push(heard: Heard): void {
    this.shared = heard.shared
    this.heard = heard.pcm().at(-1) ?? 0
    this.rate = heard.rate
    if (heard.rate === 8000 && heard.shared) this.payload = heard.shared.encoding(pcmu).bytes
  }
}

function mixed(values: readonly number[]): { mixer: Mixer; members: Talker[] } {
  const mixer = new Mixer(new Silences())
  const members = values.map((value) => new Talker(value))
  for (const member of members) mixer.add(member)
  mixer.tick(0)
  return { mixer, members }
}

const heardBy = (members: readonly Talker[]): number[] => members.map((member) => member.heard)

describe('mixer', () => {
  it('lets each contributor hear the others exactly, and the silent ones everybody', () => {
    const { members } = mixed([100, -2000, 30_000, 0, 0])
    expect(heardBy(members)).toEqual([28_000, 30_100, -1900, 28_100, 28_100])
  })

  it('encodes once for all who are silent', () => {
    const { mixer, members } = mixed([1000, 2000, ...new Array<number>(50).fill(0)])
    expect(mixer.sharedEncodes).toBe(1)
    expect(new Set(members.slice(2).map((member) => member.payload)).size).toBe(1)
    mixer.tick(20)
    expect(mixer.sharedEncodes).toBe(2)
  })

  it('encodes once more for those who hear it louder', () => {
    const { mixer, members } = mixed([1000, 0, 0, 0])
    const [, second, third] = members
    for (const member of [second, third]) {
      if (!member) continue
      member.gain = 2
      mixer.refresh(member)
    }
    const before = mixer.sharedEncodes
    mixer.tick(20)
    expect(heardBy(members)).toEqual([0, 2000, 2000, 1000])
    expect(mixer.sharedEncodes).toBe(before + 2)
  })

  it('encodes nothing when nobody speaks, and nothing for a lone speaker', () => {
    const { mixer, members } = mixed([0, 0, 0])
    for (let tick = 1; tick < 100; tick += 1) mixer.tick(tick * 20)
    expect(mixer.sharedEncodes).toBe(0)
    expect(members.every((member) => member.heard === 0)).toBe(true)
    const lone = mixed([1000])
    expect(lone.mixer.sharedEncodes).toBe(0)
    expect(lone.members[0]?.heard).toBe(0)
  })

  it('no longer hears who was removed, from the very next tick, even if it left within one', () => {
    const { mixer, members } = mixed([100, 200, 300])
    const [first, second] = members
    if (first) mixer.remove(first)
    mixer.tick(20)
    expect(heardBy(members)).toEqual([500, 300, 200])
    expect(mixer.size).toBe(2)
    if (!second) throw new Error('three members were made')
    const pull = second.pull.bind(second)
    second.pull = (out) => {
      mixer.remove(second)
      return pull(out)
    }
    mixer.tick(40)
    expect(mixer.size).toBe(1)
  })

  it('lets a member hear one other alone, or everybody at whatever rate there is', () => {
    const { mixer, members } = mixed([1000, 200])
    const [first] = members
    const track = new Talker(0, { speaks: 0, hears: 'mix', only: first })
    const whole = new Talker(0, { speaks: 0, hears: 'mix' })
    for (const member of [track, whole]) mixer.add(member)
    mixer.tick(20)
    expect(heardBy([track, whole])).toEqual([1000, 1200])
    expect([track.rate, whole.rate, track.pulled.length]).toEqual([8000, 8000, 0])
    for (let wide = 0; wide < 2; wide += 1) mixer.add(new Talker(30, { speaks: 16_000, hears: 16_000 }))
    for (let tick = 2; tick < 10; tick += 1) mixer.tick(tick * 20)
    expect([track.rate, whole.rate]).toEqual([16_000, 16_000])
    expect(Math.abs(track.heard - 1000)).toBeLessThanOrEqual(1)
    expect(Math.abs(whole.heard - 1260)).toBeLessThanOrEqual(2)
  })
})

describe('rate', () => {
  const narrow = { speaks: 8000, hears: 8000 } as const
  const wide = { speaks: 16_000, hears: 16_000 } as const
  const full = { speaks: 48_000, hears: 48_000 } as const

  it.each([
    ['nobody', [], 8000, false],
    ['one kind of phone', [wide, wide, wide], 16_000, false],
    ['narrow phones and a wide one: nobody could hear it', [narrow, narrow, wide], 8000, true],
    ['two wide ones among them', [narrow, wide, wide], 16_000, true],
    ['one full and one wide', [narrow, wide, full], 16_000, true],
    ['a full one that only speaks, and wide ears', [wide, { speaks: 48_000, hears: 0 }], 16_000, true],
    ['a recorder that takes what there is', [narrow, { speaks: 0, hears: 'mix' }], 8000, false],
    ['a wide phone that is recorded', [narrow, wide, { speaks: 0, hears: 'mix' }], 16_000, true],
  ] as const)('with %s', (_, members, rate, mixes) => {
    // Members are told apart, even if they are alike.
    expect(tuningOf(members.map((member) => ({ ...member })))).toEqual({ rate, mixed: mixes })
  })

  it('asks members for as much more or less as the way grows or shrinks', () => {
    const { mixer, members } = mixed([100, 200])
    const guest = new Talker(300, { speaks: 16_000, hears: 16_000 })
    mixer.add(guest)
    mixer.tick(20)
    mixer.tick(40)
    expect(members[0]?.pulled).toEqual([160, 208, 160])
    expect(guest.pulled).toEqual([416, 320])
    mixer.remove(guest)
    mixer.tick(60)
    mixer.tick(80)
    expect(members[0]?.pulled).toEqual([160, 208, 160, 112, 160])
    expect(heardBy(members)).toEqual([200, 100])
  })
})
