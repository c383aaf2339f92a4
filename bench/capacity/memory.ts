// Memory (resident set): growth per participant between two sizes of one conference, and whether it stays flat over
// thousands of joins and leaves.
import { setTimeout as wait } from 'node:timers/promises'
import type { Seat } from './bridge.ts'
import { residentKib } from './child.ts'
import { Generator } from './generator.ts'
import { type Partyline, startPartyline } from './partyline.ts'
import { type Check, median } from './table.ts'

export interface MemoryOptions {
  readonly from: number
  readonly to: number
  readonly joins: number
  readonly settleSeconds: number
}

export interface MemoryResult {
  readonly atFromKib: number
  readonly atToKib: number
  readonly kibPerParticipant: number
  /** [joins so far, resident KiB] after each batch. */
  readonly churn: readonly (readonly [joins: number, kib: number])[]
  /** Resident growth from the second quarter of the joins to the last, in KiB per 1,000 joins. */
  readonly kibPer1000Joins: number
  readonly churnShare: number
}

class Hall {
  readonly #server: Partyline
  readonly #generator = new Generator()
  readonly #conference: string
  readonly #seats: { readonly seat: Seat; readonly index: number }[] = []
  #ports: number[] = []
  #opened = 0

  constructor(server: Partyline, conference: string) {
    this.#server = server
    this.#conference = conference
  }

  get size(): number {
    return this.#seats.length
  }

  /** Seats people until there are `count`. Sockets of those who left are used again. */
  async fill(count: number, free: number[]): Promise<void> {
    const needed = count - this.size - free.length
    if (needed > 0) {
      this.#ports = [...this.#ports, ...(await this.#generator.open(needed))]
      for (let made = 0; made < needed; made += 1) free.push(this.#opened++)
    }
    const join = async (): Promise<void> => {
      while (this.size < count) {
        const index = free.pop()
        if (index === undefined) return
        const seat = await this.#server.join(this.#conference, this.#ports[index] ?? 0)
        const tone = index < 4 ? index : undefined
        const manner = { opus: false, conference: 0, tone, pulse: false, listened: false, noise: false }
        await this.#generator.start(index, { ...seat, ...manner })
        this.#seats.push({ seat, index })
      }
    }
    await Promise.all(Array.from({ length: Math.min(8, count - this.size) }, join))
  }

  /** The newest leave until `count` are left; answers the places that came free. */
  async empty(count: number): Promise<number[]> {
    const leaving = this.#seats.splice(count)
    for (const { seat, index } of leaving) {
      await seat.leave()
      this.#generator.stopLeg(index)
    }
    return leaving.map(({ index }) => index)
  }

  close(): Promise<void> {
    return this.#generator.close()
  }
}

/** The lowest of several readings: garbage not yet collected is not growth. */
async function settled(server: Partyline, seconds: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY
  for (let count = 0; count < seconds; count += 1) {
    await wait(1000)
    lowest = Math.min(lowest, residentKib(server.pid))
  }
  return lowest
}

const batch = 50

export async function runMemory(options: MemoryOptions, say: (line: string) => void): Promise<MemoryResult> {
  const server = await startPartyline('PCMU')
  const hall = new Hall(server, await server.openConference())
  try {
    await hall.fill(options.from, [])
    const atFromKib = await settled(server, options.settleSeconds)
    say(`${options.from} participants: ${(atFromKib / 1024).toFixed(1)} MiB`)
    await hall.fill(options.to, [])
    const atToKib = await settled(server, options.settleSeconds)
    say(`${options.to} participants: ${(atToKib / 1024).toFixed(1)} MiB`)
    let free = await hall.empty(options.from)
    const churn: [number, number][] = []
    for (let joins = 0; joins < options.joins; ) {
      await hall.fill(options.from + batch, free)
      free = [...free, ...(await hall.empty(options.from))]
      joins += batch
      churn.push([joins, residentKib(server.pid)])
      if (joins % 1000 === 0) say(`${joins} joins and leaves: ${((churn.at(-1)?.[1] ?? 0) / 1024).toFixed(1)} MiB`)
    }
    const quarter = Math.max(1, Math.floor(churn.length / 4))
    const level = (part: readonly (readonly [number, number])[]): number => median(part.map(([, kib]) => kib))
    const [early, late] = [level(churn.slice(quarter, 2 * quarter)), level(churn.slice(-quarter))]
    return {
      atFromKib,
      atToKib,
      kibPerParticipant: (atToKib - atFromKib) / (options.to - options.from),
      churn,
      kibPer1000Joins: (late - early) / (options.joins / 2000),
      churnShare: late / early,
    }
  } finally {
    await hall.close()
    await server.stop()
  }
}

export const memoryChecks = (result: MemoryResult): Check[] => [
  {
    item: '5',
    what: 'KiB resident per participant',
    value: result.kibPerParticipant,
    limit: 64,
    atLeast: false,
  },
  {
    item: '5',
    what: 'resident memory, last quarter of joins : second',
    value: result.churnShare,
    limit: 1.05,
    atLeast: false,
  },
]
