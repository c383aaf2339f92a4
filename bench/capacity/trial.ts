// One measurement: start a server, seat everybody, let it settle, measure, stop.
import { setTimeout as wait } from 'node:timers/promises'
import { startJanus } from '../janus/janus.ts'
import type { BenchCodec, Bridge } from './bridge.ts'
import {
  coreSeconds,
  cpuSeconds,
  family,
  receiveBufferErrors,
  residentKib,
  serverCore,
  threadSeconds,
} from './child.ts'
import { startFloor } from './floor.ts'
import { Generator, type Heard } from './generator.ts'
import { type HammerResult, startHammer } from './hammer.ts'
import { type Partyline, startPartyline } from './partyline.ts'

/** `other` is the Partyline of another checkout. */
export type Engine = 'partyline' | 'other' | 'janus' | 'floor'

export interface Scenario {
  readonly name: string
  readonly codec: BenchCodec
  readonly conferences: number
  readonly participants: number
  /** Talkers in each conference; the first of them pulses. */
  readonly talkers: number
  readonly hammer: boolean
}

export interface TrialOptions {
  readonly seconds: number
  readonly settleSeconds: number
  readonly noise: boolean
  /** Rate of Janus's rooms in Hz; the codec's own unless given. */
  readonly janusRate?: number | undefined
  /** Folder of the other checkout. */
  readonly otherCheckout?: string | undefined
}

export interface Trial {
  readonly scenario: string
  readonly engine: Engine
  readonly participants: number
  /** CPU of the server, its threads and children, per participant and second of audio. */
  readonly micros: number
  /** Share of its core that the server used. */
  readonly load: number
  readonly residentKib: number
  /** CPU that others used on the server's core, as a share of it, and that the host took from it. */
  readonly disturbed: number
  readonly stolen: number
  readonly generatorLoad: number
  /** Datagrams the kernel dropped at full receive buffers, on the whole machine. */
  readonly droppedByKernel: number
  readonly seatedSeconds: number
  readonly threads: Readonly<Record<string, number>>
  readonly heard: Heard
  readonly hammer?: HammerResult | undefined
}

async function startBridge(engine: Engine, scenario: Scenario, options: TrialOptions): Promise<Bridge> {
  if (engine === 'janus') return startJanus(scenario.codec, options.janusRate)
  if (engine === 'floor') return startFloor(scenario.conferences * scenario.participants)
  return startPartyline(scenario.codec, engine === 'other' ? options.otherCheckout : undefined)
}

/** How many joins are under way at once. */
const joinsAtOnce = 8

/** Joins everybody and lets each speak and listen from the moment it is in. */
async function seatAll(bridge: Bridge, generator: Generator, at: Scenario & TrialOptions): Promise<void> {
  const { conferences, participants, talkers, codec, noise } = at
  const ids: string[] = []
  for (let count = 0; count < conferences; count += 1) ids.push(await bridge.openConference())
  const ports = await generator.open(conferences * participants)
  let next = 0
  const join = async (): Promise<void> => {
    while (next < ports.length) {
      const index = next++
      // Talkers come first: everybody else joins a conference that sounds.
      const conference = index % conferences
      const place = Math.floor(index / conferences)
      const seat = await bridge.join(ids[conference] ?? '', ports[index] ?? 0)
      const tone = place < talkers ? (conferences === 1 ? place : conference + place) : undefined
      await generator.start(index, {
        ...seat,
        opus: codec === 'Opus',
        conference,
        tone,
        pulse: place === 0,
        listened: true,
        noise,
      })
    }
  }
  await Promise.all(Array.from({ length: joinsAtOnce }, join))
}

interface Reading {
  readonly at: number
  readonly server: number
  readonly generator: number
  readonly core: { readonly busy: number; readonly stolen: number }
  readonly threads: ReadonlyMap<string, number>
  readonly dropped: number
}

/** Finding the processes takes a while on a busy machine, so the time is taken after it. */
function readAll(server: number, generator: number): Reading {
  const members = family(server)
  return {
    at: performance.now() / 1000,
    server: cpuSeconds(members),
    generator: cpuSeconds([generator]),
    core: coreSeconds(serverCore),
    threads: threadSeconds(server),
    dropped: receiveBufferErrors(),
  }
}

function threadsBetween(before: Reading, after: Reading): Record<string, number> {
  const seconds = after.at - before.at
  return Object.fromEntries(
    [...after.threads]
      .map(([name, cpu]) => [name, (cpu - (before.threads.get(name) ?? 0)) / seconds] as const)
      .filter(([, share]) => share > 0.002)
      .sort(([, one], [, other]) => other - one)
      .map(([name, share]) => [name, Math.round(share * 1000) / 1000]),
  )
}

/** Runs one trial; a failure carries the end of what the server wrote. */
export async function runTrial(engine: Engine, scenario: Scenario, options: TrialOptions): Promise<Trial> {
  const bridge = await startBridge(engine, scenario, options)
  try {
    return await measureBridge(bridge, { engine, ...scenario, ...options })
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${bridge.lastWords()}`.trim(), {
      cause: error,
    })
  } finally {
    await bridge.stop()
  }
}

async function measureBridge(
  bridge: Bridge,
  at: Scenario & TrialOptions & { readonly engine: Engine },
): Promise<Trial> {
  const generator = new Generator()
  try {
    const began = performance.now()
    await seatAll(bridge, generator, at)
    const seatedSeconds = (performance.now() - began) / 1000
    await wait(at.settleSeconds * 1000)
    const hammer =
      at.hammer && (at.engine === 'partyline' || at.engine === 'other') ? startHammer(bridge as Partyline) : undefined
    if (hammer) await wait(1000)
    await generator.measure()
    const before = readAll(bridge.pid, generator.pid)
    await wait(at.seconds * 1000)
    const after = readAll(bridge.pid, generator.pid)
    const heard = await generator.report()
    const hammered = await hammer?.stop()
    return { ...cost(before, after, at), residentKib: residentKib(bridge.pid), seatedSeconds, heard, hammer: hammered }
  } finally {
    await generator.close()
  }
}

function cost(before: Reading, after: Reading, at: Scenario & { readonly engine: Engine }) {
  const seconds = after.at - before.at
  const cpu = after.server - before.server
  const participants = at.conferences * at.participants
  return {
    scenario: at.name,
    engine: at.engine,
    participants,
    micros: (cpu / seconds / participants) * 1e6,
    load: cpu / seconds,
    disturbed: Math.max(0, (after.core.busy - before.core.busy - cpu) / seconds),
    stolen: (after.core.stolen - before.core.stolen) / seconds,
    generatorLoad: (after.generator - before.generator) / seconds,
    droppedByKernel: after.dropped - before.dropped,
    threads: threadsBetween(before, after),
  }
}
