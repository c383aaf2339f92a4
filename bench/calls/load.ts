// The load: calls begin on a schedule that does not drift, last a while, and hang up. How late the generator itself was is part of
// the result.
import { setTimeout as wait } from 'node:timers/promises'
import { writeDescription } from '../../demo/phone/sip-text.ts'
import { loopback } from '../capacity/bridge.ts'
import { Generator } from '../capacity/generator.ts'
import type { Answered, SipCalls } from '../sip-calls.ts'

export interface LoadOptions {
  /** New calls a second. */
  readonly rate: number
  readonly seconds: number
  /** Seconds from answer to BYE. */
  readonly life: number
  /** Phones send and receive 50 packets a second; without it they stay silent and ask for nothing. */
  readonly audio: boolean
}

export interface Load {
  readonly offered: number
  readonly answered: readonly Pick<Answered, 'callId' | 'invitedAt' | 'setUpMs'>[]
  /** Milliseconds from BYE to its 200. */
  readonly hangUps: readonly number[]
  /** Why calls failed, and how many. */
  readonly failures: ReadonlyMap<string, number>
  /** Most calls that were up at once. */
  readonly mostUp: number
  /** Milliseconds by which each INVITE left later than planned. */
  readonly late: readonly number[]
}

/** Beyond those that live, for calls whose set-up or end takes its time. */
const spareSeconds = 3

/** Where the audio of calls goes: sockets of the load generator, or nowhere. */
class Voices {
  readonly #generator: Generator | undefined
  readonly #free: number[] = []
  #ports: readonly number[] = []
  #calls = 0

  constructor(audio: boolean) {
    this.#generator = audio ? new Generator() : undefined
  }

  get pid(): number | undefined {
    return this.#generator?.pid
  }

  async open(count: number): Promise<void> {
    if (this.#generator === undefined) return
    this.#ports = await this.#generator.open(count)
    this.#free.push(...this.#ports.keys())
  }

  take(): { readonly index: number; readonly port: number | undefined } {
    if (this.#generator === undefined) return { index: -1, port: undefined }
    const index = this.#free.shift()
    if (index === undefined) throw new Error('more calls at once than the generator has sockets')
    return { index, port: this.#ports[index] ?? 0 }
  }

  async begin(index: number, answered: Answered, conference: number): Promise<void> {
    // Every fourth one talks, the rest listen.
    const tone = this.#calls++ % 4 === 0 ? 0 : undefined
    const manner = { opus: false, tone, pulse: false, listened: false, noise: false }
    await this.#generator?.start(index, { ...answered, conference, ...manner })
  }

  end(index: number): void {
    if (this.#generator === undefined) return
    this.#generator.stopLeg(index)
    this.#free.push(index)
  }

  close(): Promise<void> {
    return this.#generator?.close() ?? Promise.resolve()
  }
}

/** The discard port (RFC 863), for phones that take no audio. */
const discard = 9

function offerOf(port: number | undefined): string {
  const direction = port === undefined ? 'sendonly' : 'sendrecv'
  return writeDescription({ address: loopback, port: port ?? discard, payloadTypes: [0], direction }, 1)
}

/** Runs one load; resolves when the last call has ended or failed. */
export async function runLoad(caller: SipCalls, uris: readonly string[], options: LoadOptions): Promise<Load> {
  const { rate, seconds, life, audio } = options
  const voices = new Voices(audio)
  await voices.open(Math.min(4096, Math.ceil(rate * (life + spareSeconds))))
  const offered = Math.round(rate * seconds)
  const answered: Load['answered'][number][] = []
  const [hangUps, late]: [number[], number[]] = [[], []]
  const failures = new Map<string, number>()
  const fail = (error: unknown): void => {
    const why = error instanceof Error ? error.message : String(error)
    failures.set(why, (failures.get(why) ?? 0) + 1)
  }
  let [up, mostUp] = [0, 0]
  const one = async (number: number): Promise<void> => {
    const conference = number % uris.length
    const { index, port } = voices.take()
    try {
      const call = await caller.dial(uris[conference] ?? '', offerOf(port))
      const { callId, invitedAt, setUpMs } = call
      answered.push({ callId, invitedAt, setUpMs })
      up += 1
      mostUp = Math.max(mostUp, up)
      await voices.begin(index, call, conference)
      await wait(life * 1000)
      hangUps.push(await call.hangUp())
      up -= 1
    } finally {
      voices.end(index)
    }
  }
  const calls: Promise<void>[] = []
  const began = performance.now()
  while (calls.length < offered) {
    const due = began + (calls.length * 1000) / rate
    const ahead = due - performance.now()
    if (ahead > 0) await wait(ahead)
    late.push(Math.max(0, performance.now() - due))
    calls.push(one(calls.length).catch(fail))
  }
  await Promise.all(calls)
  await voices.close()
  return { offered, answered, hangUps, failures, mostUp, late }
}
