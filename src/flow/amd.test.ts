// Answering-machine detection: its rules one by one, and how often it is right on generated greetings, heard through the
// talk detector that the media engine uses.
import { describe, expect, it } from 'vitest'
import { TalkDetector } from '../dsp/talk-detector.ts'
import { AnsweringMachineDetector, amdThresholds, type Verdict } from './amd.ts'

const startDelay = 60
const stopDelay = 700

/** Feeds turns of talk, as [begin, end] in ms, the way that the talk detector tells them. */
function hear(turns: readonly (readonly [number, number])[]): { verdict: Verdict | undefined; at: number } {
  const detector = new AnsweringMachineDetector(0)
  const told = turns.flatMap(([begin, end]) => [
    { at: begin + startDelay, talking: true },
    { at: end + stopDelay, talking: false },
  ])
  for (let at = 0; at <= 10_000; at += 10) {
    for (const { talking } of told.filter((one) => one.at === at)) detector.talking(talking, at)
    detector.look(at)
    if (detector.verdict) return { verdict: detector.verdict, at }
  }
  return { verdict: undefined, at: 10_000 }
}

describe('the rules', () => {
  it.each([
    ['silence', [], 'machine', 'initial_silence', amdThresholds.initialSilence],
    ['"Hello?" and a pause', [[500, 900]], 'human', 'pause_after_greeting', 900 + amdThresholds.pause + startDelay],
    ['talk without end', [[500, 9000]], 'machine', 'long_greeting', 500 + amdThresholds.greeting + stopDelay],
    [
      'a greeting just short enough',
      [[500, 500 + amdThresholds.greeting - 10]],
      'human',
      'pause_after_greeting',
      500 + amdThresholds.greeting - 10 + amdThresholds.pause + startDelay,
    ],
    [
      'sentences that together are long',
      [
        [200, 1500],
        [2290, 9000],
      ],
      'machine',
      'long_greeting',
      2290 + amdThresholds.greeting - 1300 + stopDelay,
    ],
    [
      'many short turns',
      [
        [200, 500],
        [1300, 1500],
        [2300, 2500],
        [3300, 3500],
      ],
      'machine',
      'many_words',
      3300 + startDelay,
    ],
    [
      'short sentences until the time is up',
      [
        [2900, 3800],
        [4750, 5650],
        [6600, 7500],
      ],
      'unknown',
      'time_up',
      amdThresholds.total,
    ],
  ] as const)('%s', (_, turns, result, reason, at) => {
    expect(hear(turns)).toEqual({ verdict: { result, reason }, at })
  })

  it('gives up after a while, and keeps its first verdict', () => {
    const detector = new AnsweringMachineDetector(1000)
    detector.look(1000 + amdThresholds.initialSilence - 1)
    expect(detector.verdict).toBeUndefined()
    expect(detector.deadline).toBe(1000 + amdThresholds.initialSilence)
    detector.talking(true, 3900)
    detector.talking(false, 6500)
    expect(detector.verdict).toBeUndefined()
    detector.talking(true, 6700)
    expect(detector.deadline).toBe(6640 + amdThresholds.greeting - (5800 - 3840) + stopDelay)
    detector.look(20_000)
    const first = detector.verdict
    detector.talking(false, 20_100)
    expect(detector.verdict).toBe(first)
  })
})

/** Numbers of [0, 1), always the same (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Levels of 20 ms frames, dBov: syllables go up and down, the room murmurs, the far end may send digital silence. */
class Voice {
  readonly levels: number[] = []
  readonly #draw: () => number
  readonly #room: number
  readonly #loud: number

  constructor(draw: () => number) {
    this.#draw = draw
    this.#room = draw() < 0.2 ? -127 : this.between(-72, -52)
    this.#loud = this.between(-32, -16)
  }

  between(low: number, high: number): number {
    return low + this.#draw() * (high - low)
  }

  quiet(ms: number): void {
    for (let left = ms; left > 0; left -= 20) {
      this.levels.push(this.#room === -127 ? -127 : this.#room + this.between(-2, 2))
    }
  }

  talk(ms: number): void {
    for (let left = ms; left > 0; ) {
      const syllable = this.between(100, 240)
      for (let at = 0; at < syllable && left > 0; at += 20, left -= 20) {
        this.levels.push(this.#loud + this.between(-6, 3))
      }
      if (left > 40) {
        this.levels.push(this.#loud - this.between(10, 20))
        left -= 20
      }
    }
  }
}

/** "Hello?", a name, a company and a name; then a wait for the caller, and a "Hello?" again. */
function human(draw: () => number): readonly number[] {
  const voice = new Voice(draw)
  voice.quiet(voice.between(100, 1800))
  const kind = draw()
  const parts = kind < 0.55 ? 1 : kind < 0.85 ? 2 : 3
  for (let part = 0; part < parts; part += 1) {
    voice.talk(voice.between(250, 800))
    if (part < parts - 1) voice.quiet(voice.between(80, 450))
  }
  voice.quiet(voice.between(1200, 3500))
  voice.talk(voice.between(250, 600))
  voice.quiet(6000)
  return voice.levels
}

/** One to five sentences with pauses, now and then a long one, then a beep and silence. */
function machine(draw: () => number): readonly number[] {
  const voice = new Voice(draw)
  voice.quiet(voice.between(200, 2800))
  const sentences = 1 + Math.floor(draw() * 5)
  for (let sentence = 0; sentence < sentences; sentence += 1) {
    voice.talk(voice.between(sentences === 1 ? 2500 : 700, 4000))
    voice.quiet(voice.between(120, draw() < 0.1 ? 1500 : 800))
  }
  voice.talk(500)
  voice.quiet(6000)
  return voice.levels
}

function judge(levels: readonly number[]): { readonly result: string; readonly ms: number } {
  const talk = new TalkDetector()
  const detector = new AnsweringMachineDetector(0)
  for (const [frame, level] of levels.entries()) {
    const at = (frame + 1) * 20
    if (talk.frame(level)) detector.talking(talk.talking, at)
    detector.look(at)
    if (detector.verdict) return { result: detector.verdict.result, ms: at }
  }
  return { result: 'none', ms: levels.length * 20 }
}

it('is right on 2,000 generated greetings at least nineteen times in twenty', () => {
  const draw = random(20_260_304)
  const rate = (make: (draw: () => number) => readonly number[], wanted: string) => {
    const verdicts = Array.from({ length: 1000 }, () => judge(make(draw)))
    const right = verdicts.filter(({ result }) => result === wanted).length / verdicts.length
    const times = verdicts.map(({ ms }) => ms).sort((a, b) => a - b)
    const [median = 0, late = 0] = [times[500], times[950]]
    console.log(`${wanted}: ${(right * 100).toFixed(1)} % right, verdict after ${median} ms (median), ${late} ms (p95)`)
    return { right, late }
  }
  const people = rate(human, 'human')
  const machines = rate(machine, 'machine')
  expect(people.right).toBeGreaterThan(0.95)
  expect(machines.right).toBeGreaterThan(0.95)
  expect(Math.max(people.late, machines.late)).toBeLessThan(amdThresholds.total)
})
