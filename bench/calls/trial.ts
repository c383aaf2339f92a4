// One measurement: start an answerer, warm it up, load it, stop it, and read what it stored.
import { setTimeout as wait } from 'node:timers/promises'
import { coreSeconds, cpuSeconds, family, residentKib, serverCore, threadSeconds } from '../capacity/child.ts'
import { SipCalls } from '../sip-calls.ts'
import type { Answerer } from './answerer.ts'
import { type Load, type LoadOptions, runLoad } from './load.ts'
import { startPartyline } from './partyline.ts'
import { startSipp } from './sipp.ts'

/** `other` is the Partyline of another checkout. */
export type Engine = 'partyline' | 'other' | 'sipp'

export interface TrialOptions extends LoadOptions {
  readonly conferences: number
  /** Seconds of the same load before the measured one. */
  readonly warmUp: number
  readonly otherCheckout?: string | undefined
  readonly profile?: string | undefined
}

/** Milliseconds. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Trial {
  readonly engine: Engine
  readonly offered: number
  readonly answered: number
  readonly failures: Readonly<Record<string, number>>
  readonly mostUp: number
  /** From INVITE to 200. */
  readonly setUp: Spread
  /** From INVITE to being in the mix; undefined where there is none. */
  readonly joined: Spread | undefined
  readonly hangUp: Spread
  readonly generatorLate: Spread
  /** Answered calls without a stored entry into their conference, and without a stored ordinary end. */
  readonly notJoined: number
  readonly notStored: number
  readonly endedByServer: number
  readonly repeated2xx: number
  /** CPU from the first INVITE to the last BYE, in milliseconds per call: all, and by thread. */
  readonly cpuPerCall: number
  readonly threads: Readonly<Record<string, number>>
  /** Share of its core that the server used, and that others used of it. */
  readonly load: number
  readonly disturbed: number
  readonly residentKib: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

async function start(engine: Engine, { conferences, otherCheckout, profile }: TrialOptions): Promise<Answerer> {
  if (engine === 'sipp') return startSipp()
  return startPartyline({ conferences, checkout: engine === 'other' ? otherCheckout : undefined, profile })
}

interface Reading {
  readonly at: number
  readonly cpu: number
  readonly busy: number
  readonly threads: ReadonlyMap<string, number>
}

const reading = (pid: number): Reading => ({
  at: performance.now() / 1000,
  cpu: cpuSeconds(family(pid)),
  busy: coreSeconds(serverCore).busy,
  threads: threadSeconds(pid),
})

/** Runs one trial; a failure carries the end of what the answerer said. */
export async function runTrial(engine: Engine, options: TrialOptions): Promise<Trial> {
  const answerer = await start(engine, options)
  const caller = await SipCalls.open()
  try {
    if (options.warmUp > 0) await runLoad(caller, answerer.uris, { ...options, seconds: options.warmUp, life: 1 })
    const before = reading(answerer.pid)
    const load = await runLoad(caller, answerer.uris, options)
    const after = reading(answerer.pid)
    const memory = residentKib(answerer.pid)
    // What the ends of the last calls have still to write.
    await wait(500)
    await answerer.stop()
    return {
      ...outcome(load, answerer, caller),
      ...cost({ before, after, calls: load.offered }),
      engine,
      residentKib: memory,
    }
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${answerer.lastWords()}`.trim(), {
      cause: error,
    })
  } finally {
    caller.close()
    await answerer.stop()
  }
}

function outcome({ offered, answered, failures, mostUp, hangUps, late }: Load, answerer: Answerer, caller: SipCalls) {
  const written = answerer.written()
  const entries = answered.flatMap(({ callId, invitedAt }) => {
    const at = written?.joinedAt.get(callId)
    return at === undefined ? [] : [at - invitedAt]
  })
  const stored = answered.filter(({ callId }) => written?.ended.has(callId))
  return {
    offered,
    answered: answered.length,
    failures: Object.fromEntries(failures),
    mostUp,
    setUp: spread(answered.map(({ setUpMs }) => setUpMs)),
    joined: written && spread(entries),
    hangUp: spread(hangUps),
    generatorLate: spread(late),
    notJoined: written === undefined ? 0 : answered.length - entries.length,
    notStored: written === undefined ? 0 : answered.length - stored.length,
    endedByServer: caller.endedByServer,
    repeated2xx: caller.repeated2xx,
  }
}

function cost({ before, after, calls }: { readonly before: Reading; readonly after: Reading; readonly calls: number }) {
  const seconds = after.at - before.at
  const cpu = after.cpu - before.cpu
  const threads = [...after.threads]
    .map(([name, used]) => [name, ((used - (before.threads.get(name) ?? 0)) / calls) * 1000] as const)
    .filter(([, ms]) => ms > 0.01)
    .sort(([, one], [, other]) => other - one)
  return {
    cpuPerCall: (cpu / calls) * 1000,
    threads: Object.fromEntries(threads.map(([name, ms]) => [name, Math.round(ms * 100) / 100])),
    load: cpu / seconds,
    disturbed: Math.max(0, (after.busy - before.busy - cpu) / seconds),
  }
}
