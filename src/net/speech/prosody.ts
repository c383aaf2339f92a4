// The values of SSML's <prosody> and <break> (SSML 1.1 §3.2.3, §3.2.4) as factors, decibels and milliseconds.
import type { Manner } from './script.ts'
import { malformed } from './xml-tokens.ts'

const rates: ReadonlyMap<string, number> = new Map(
  Object.entries({
    'x-slow': 0.5,
    slow: 0.75,
    medium: 1,
    default: 1,
    fast: 1.25,
    'x-fast': 1.6,
  }),
)
const pitches: ReadonlyMap<string, number> = new Map(
  Object.entries({
    'x-low': 0.7,
    low: 0.85,
    medium: 1,
    default: 1,
    high: 1.2,
    'x-high': 1.4,
  }),
)
const volumes: ReadonlyMap<string, number> = new Map(
  Object.entries({
    silent: Number.NEGATIVE_INFINITY,
    'x-soft': -12,
    soft: -6,
    medium: 0,
    default: 0,
    loud: 4,
    'x-loud': 8,
  }),
)
const strengths: ReadonlyMap<string, number> = new Map(
  Object.entries({
    none: 0,
    'x-weak': 100,
    weak: 200,
    medium: 400,
    strong: 700,
    'x-strong': 1200,
  }),
)

/** What a pitch in hertz is compared with: voices have their own, and no engine tells it. */
const nominalHz = 175
/** Engines become unintelligible beyond these. */
const rateRange = [0.3, 3] as const
const pitchRange = [0.5, 2] as const
const loudest = 10
/** Milliseconds of one <break>. */
export const longestBreakMs = 10_000

const within = (value: number, [low, high]: readonly [number, number]): number => Math.min(high, Math.max(low, value))

/** The manner inside of a <prosody> that stands in the given manner. Throws UserError. */
export function prosody(attributes: ReadonlyMap<string, string>, around: Manner): Manner {
  const value = (name: string): string | undefined => attributes.get(name)?.trim().toLowerCase()
  return {
    rate: within(around.rate * rateOf(value('rate') ?? 'default'), rateRange),
    pitch: within(around.pitch * pitchOf(value('pitch') ?? 'default'), pitchRange),
    volumeDb: Math.min(loudest, around.volumeDb + volumeOf(value('volume') ?? 'default')),
  }
}

function percentage(text: string): number | undefined {
  const match = /^([+-]?)(\d+(?:\.\d+)?)%$/.exec(text)
  if (!match) return undefined
  const part = Number(match[2]) / 100
  if (match[1] === '') return part
  return match[1] === '+' ? 1 + part : 1 - part
}

function positive(factor: number | undefined): number | undefined {
  return factor !== undefined && factor > 0 ? factor : undefined
}

function rateOf(text: string): number {
  const plain = /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
  const factor = positive(rates.get(text) ?? percentage(text) ?? plain)
  if (factor === undefined)
    throw malformed(`the rate "${text}" of <prosody> is neither a word such as slow nor a percentage such as 80%`)
  return factor
}

function pitchOf(text: string): number {
  const match = /^([+-]?)(\d+(?:\.\d+)?)(st|hz)$/.exec(text)
  const amount = Number(`${match?.[1] ?? ''}${match?.[2] ?? ''}`)
  const relativeHz = match?.[1] === '' ? amount / nominalHz : 1 + amount / nominalHz
  const measured = match && (match[3] === 'st' ? 2 ** (amount / 12) : relativeHz)
  const factor = positive(pitches.get(text) ?? percentage(text) ?? measured ?? undefined)
  if (factor === undefined)
    throw malformed(`the pitch "${text}" of <prosody> is neither a word such as high nor such as +10%, +2st or 180Hz`)
  return factor
}

function volumeOf(text: string): number {
  const word = volumes.get(text)
  if (word !== undefined) return word
  const decibels = /^([+-]?\d+(?:\.\d+)?)db$/.exec(text)
  if (decibels) return Number(decibels[1])
  const factor = /^\d+(\.\d+)?$/.test(text) ? Number(text) / 100 : percentage(text)
  if (factor === undefined || factor < 0)
    throw malformed(`the volume "${text}" of <prosody> is neither a word such as soft nor such as -6dB`)
  return 20 * Math.log10(factor)
}

/** Milliseconds. Throws UserError. */
export function breakMs(attributes: ReadonlyMap<string, string>): number {
  const time = attributes.get('time')?.trim().toLowerCase()
  const strength = attributes.get('strength')?.trim().toLowerCase() ?? 'medium'
  if (time === undefined) {
    const ms = strengths.get(strength)
    if (ms === undefined)
      throw malformed(`the strength "${strength}" of <break> is none of ${[...strengths.keys()].join(', ')}`)
    return ms
  }
  const match = /^\+?(\d+(?:\.\d+)?)(ms|s)$/.exec(time)
  if (!match) throw malformed(`the time "${time}" of <break> is not such as 500ms or 1.5s`)
  const ms = Number(match[1]) * (match[2] === 's' ? 1000 : 1)
  if (ms > longestBreakMs) throw malformed(`the time "${time}" of <break> is longer than ${longestBreakMs / 1000}s`)
  return ms
}
