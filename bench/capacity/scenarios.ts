// What the capacity bench runs, and who takes part in it.
import type { Engine, Scenario } from './trial.ts'

export interface Plan extends Scenario {
  readonly engines: readonly Engine[]
  /** Run once instead of `--runs` times: it is there to show a break, not a figure. */
  readonly once?: true
}

const pcmu = { codec: 'PCMU', conferences: 1, talkers: 4, hammer: false } as const

export const plans: readonly Plan[] = [
  { ...pcmu, name: 'pcmu-150', participants: 150, engines: ['partyline', 'janus', 'floor'] },
  { ...pcmu, name: 'pcmu-1000', participants: 1000, engines: ['partyline', 'floor'] },
  { ...pcmu, name: 'small-250x4', conferences: 250, participants: 4, talkers: 1, engines: ['partyline'] },
  { ...pcmu, name: 'opus-100', codec: 'Opus', participants: 100, engines: ['partyline', 'janus'] },
  { ...pcmu, name: 'hammer-200', participants: 200, hammer: true, engines: ['partyline'] },
  { ...pcmu, name: 'pcmu-1000-janus', participants: 1000, engines: ['janus'], once: true },
  { ...pcmu, name: 'small-250x4-janus', conferences: 250, participants: 4, talkers: 1, engines: ['janus'], once: true },
]

/** A check that all is wired up, in about a minute; its figures mean little. */
export const quickPlans: readonly Plan[] = [
  { ...pcmu, name: 'pcmu-50', participants: 50, engines: ['partyline', 'janus', 'floor'] },
  { ...pcmu, name: 'small-10x4', conferences: 10, participants: 4, talkers: 1, engines: ['partyline', 'janus'] },
  { ...pcmu, name: 'opus-20', codec: 'Opus', participants: 20, engines: ['partyline', 'janus'] },
  { ...pcmu, name: 'hammer-50', participants: 50, hammer: true, engines: ['partyline'] },
]

/** Any size: `pcmu-300`, `opus-50`, `hammer-100`, `small-40x4`. */
export function namedPlan(name: string): Plan | undefined {
  const known = [...plans, ...quickPlans].find((plan) => plan.name === name)
  if (known) return known
  const [, kind, first, second] = /^(pcmu|opus|hammer|small)-(\d+)(?:x(\d+))?$/.exec(name) ?? []
  if (kind === undefined || (kind === 'small') !== (second !== undefined)) return undefined
  if (kind === 'small') {
    const shape = { conferences: Number(first), participants: Number(second), talkers: 1 }
    return { ...pcmu, ...shape, name, engines: ['partyline', 'janus', 'floor'] }
  }
  const base = { ...pcmu, name, participants: Number(first) }
  if (kind === 'opus') return { ...base, codec: 'Opus', engines: ['partyline', 'janus'] }
  if (kind === 'hammer') return { ...base, hammer: true, engines: ['partyline'] }
  return { ...base, engines: ['partyline', 'janus', 'floor'] }
}
