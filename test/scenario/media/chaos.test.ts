// Random joins, leaves, moves, kicks, mutes, plays and recordings against a model of a few lines: after every few steps each phone must hear
// exactly whom the model says, by their tones; at the end nothing is left open.
import { describe, expect, it } from 'vitest'
import { samplesPerFrame } from '../../../src/dsp/frame.ts'
import { toneLevel } from '../../../src/dsp/goertzel.ts'
import { ToneGenerator } from '../../../src/dsp/tone.ts'
import type { Heard, MixMember, MixRate } from '../../../src/media/mix-member.ts'
import type { CodecName } from '../../../src/sdp/media-plan.ts'
import { report } from './measure.ts'
import { Studio, seededRandom } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

const mixes = ['red', 'green'] as const
const codecs: readonly CodecName[] = ['PCMU', 'PCMA', 'G722', 'L16', 'PCMU', 'G722', 'L16', 'PCMA']
const level = -25
/** Whole periods in half a second, none a harmonic of another. */
const frequencyOf = (index: number): number => 350 + 130 * index
const playFrequency = 2900

class TonePlayer implements MixMember {
  readonly speaks: MixRate
  readonly hears = 0
  readonly #tone: ToneGenerator

  constructor(rate: MixRate) {
    this.speaks = rate
    this.#tone = new ToneGenerator({ frequency: playFrequency, sampleRate: rate, levelDbov: level })
  }

  pull(out: Int16Array): boolean {
    this.#tone.fill(out)
    return true
  }

  push(): void {}
}

class Tape implements MixMember {
  readonly speaks = 0
  readonly hears = 'mix'
  slots = 0
  rate = 0
  #frames: Int16Array[] = []

  pull(): boolean {
    return false
  }

  push(heard: Heard): void {
    expect(heard.pcm().length).toBe(samplesPerFrame(heard.rate))
    if (heard.rate !== this.rate) this.#frames = []
    this.rate = heard.rate
    this.slots += 1
    this.#frames.push(heard.pcm().slice())
    if (this.#frames.length > 25) this.#frames.shift()
  }

  /** The last half second, if its rate did not change. */
  heard(): Int16Array {
    return Int16Array.from(this.#frames.flatMap((frame) => [...frame]))
  }
}

interface Guest {
  readonly phone: VirtualPhone
  readonly frequency: number
  mix: string | undefined
  muted: boolean
  deaf: boolean
}

class Party {
  readonly studio: Studio
  readonly guests: Guest[] = []
  readonly players = new Map<string, TonePlayer>()
  readonly tapes = new Map<string, Tape>()
  readonly random: () => number
  #made = 0
  steps: Record<string, number> = {}
  checks = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.studio = new Studio({ seed, weather: { jitterMs: 3 } })
  }

  async open(): Promise<void> {
    const index = this.#made
    this.#made += 1
    const codec = codecs[index % codecs.length] ?? 'PCMU'
    const phone = await this.studio.phone(`leg-${index}`, { codec, ...(codec === 'L16' && { sampleRate: 16_000 }) })
    const free = Array.from({ length: 8 }, (_, slot) => frequencyOf(slot)).find(
      (frequency) => !this.guests.some((guest) => guest.frequency === frequency),
    )
    if (free === undefined) throw new Error('no more than eight guests at a time')
    phone.speak({ frequency: free, level, phaseMs: 20 * this.random() })
    this.guests.push({ phone, frequency: free, mix: undefined, muted: false, deaf: false })
  }

  async step(): Promise<void> {
    const { core } = this.studio
    const guest = this.guests[Math.floor(this.random() * this.guests.length)]
    const mixId = mixes[Math.floor(this.random() * 2)] ?? 'red'
    const choice = Math.floor(this.random() * 10)
    if (this.guests.length < 4 || (choice === 0 && this.guests.length < 8)) {
      this.#count('open')
      await this.open()
    } else if (!guest) {
      throw new Error('there are four guests at least')
    } else if (choice <= 4) {
      this.#count(guest.mix === undefined ? 'join' : 'move')
      await this.studio.join(mixId, guest.phone)
      guest.mix = mixId
    } else if (choice === 5) {
      this.#count('leave')
      await core.handle({ kind: 'leave', legId: guest.phone.name })
      guest.mix = undefined
    } else if (choice === 6) {
      this.#count('kick')
      guest.phone.hushed()
      await core.handle({ kind: 'closeLeg', legId: guest.phone.name })
      this.guests.splice(this.guests.indexOf(guest), 1)
    } else if (choice === 7) {
      this.#count('mute')
      guest.muted = this.random() < 0.5
      guest.deaf = this.random() < 0.3
      await core.handle({ kind: 'mute', legId: guest.phone.name, in: guest.muted, out: guest.deaf })
    } else if (choice === 8) {
      this.#count('play')
      this.#toggle(this.players, mixId, () => new TonePlayer(this.random() < 0.5 ? 8000 : 16_000))
    } else {
      this.#count('record')
      this.#toggle(this.tapes, mixId, () => new Tape())
    }
    this.studio.run(Math.floor(this.random() * 100))
  }

  /** Every phone and every tape against the model. */
  check(): void {
    this.checks += 1
    this.studio.run(300)
    const marks = this.guests.map(({ phone }) => phone.mark())
    this.studio.run(500)
    this.guests.forEach((guest, index) => {
      const pcm = guest.phone.heard(marks[index] ?? 0)
      const audible = (other: Guest): boolean => other !== guest && !guest.deaf && inMix(other, guest.mix)
      this.#expect(guest.phone.name, [pcm, guest.phone.rate], audible, !guest.deaf && this.players.has(guest.mix ?? ''))
    })
    for (const [mixId, tape] of this.tapes)
      this.#expect(
        `tape of ${mixId}`,
        [tape.heard(), tape.rate],
        (other) => inMix(other, mixId),
        this.players.has(mixId),
      )
    const used = mixes.filter(
      (mixId) => this.tapes.has(mixId) || this.players.has(mixId) || this.guests.some(({ mix }) => mix === mixId),
    )
    expect({ legs: this.studio.core.legs, mixes: this.studio.core.mixes }).toEqual({
      legs: this.guests.length,
      mixes: used.length,
    })
  }

  async close(): Promise<void> {
    for (const [mixId, tape] of this.tapes) this.studio.core.mix(mixId).remove(tape)
    for (const [mixId, player] of this.players) this.studio.core.mix(mixId).remove(player)
    for (const { phone } of this.guests) phone.hushed()
    await this.studio.core.close()
    expect([this.studio.core.legs, this.studio.core.mixes, this.studio.openPorts]).toEqual([0, 0, 0])
  }

  #expect(who: string, [pcm, rate]: readonly [Int16Array, number], audible: (other: Guest) => boolean, plays: boolean) {
    for (const other of this.guests) {
      const heard = toneLevel(pcm, { frequency: other.frequency, sampleRate: rate })
      const label = `${who} hearing ${other.phone.name}`
      if (audible(other)) expect(Math.abs(heard - level), label).toBeLessThan(1.5)
      else expect(heard, label).toBeLessThan(-45)
    }
    const played = toneLevel(pcm, { frequency: playFrequency, sampleRate: rate })
    if (plays) expect(Math.abs(played - level), `${who} hearing what is played`).toBeLessThan(1.5)
    else expect(played, `${who} hearing what is played`).toBeLessThan(-45)
  }

  #toggle<Member extends MixMember>(members: Map<string, Member>, mixId: string, make: () => Member): void {
    const member = members.get(mixId)
    if (member) {
      this.studio.core.mix(mixId).remove(member)
      members.delete(mixId)
    } else {
      const made = make()
      this.studio.core.mix(mixId).add(made)
      members.set(mixId, made)
    }
  }

  #count(kind: string): void {
    this.steps[kind] = (this.steps[kind] ?? 0) + 1
  }
}

const inMix = (guest: Guest, mix: string | undefined): boolean => mix !== undefined && guest.mix === mix && !guest.muted

describe('chaos', () => {
  it.each([1, 2, 3, 4])('seed %i: everybody hears whom the model says, and nothing is left open', async (seed) => {
    const party = new Party(seed)
    for (let round = 0; round < 30; round += 1) {
      for (let step = 0; step < 4; step += 1) await party.step()
      party.check()
    }
    for (const { slots } of party.tapes.values()) expect(slots).toBeGreaterThan(0)
    await party.close()
    const steps = Object.entries(party.steps).map(([kind, count]) => `${count} ${kind}`)
    report(`chaos, seed ${seed}`, `${party.checks} checks after ${steps.join(', ')}`)
  })
})
