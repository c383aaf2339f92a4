// Drives the load generator (generator.c): one line of text per command, one line of JSON per answer, in order.
import { createInterface } from 'node:readline'
import { end, generatorCore, startPinned } from './child.ts'
import { compile } from './compile.ts'

export interface Participant {
  readonly address: string
  readonly port: number
  readonly payloadType: number
  readonly opus: boolean
  readonly conference: number
  /** Number of the tone it says; undefined for a listener. */
  readonly tone?: number | undefined
  /** The tone goes on and off, for latency. */
  readonly pulse: boolean
  /** Whether what comes back is decoded and checked. */
  readonly listened: boolean
  /** Background noise of −72 dBFS in place of digital silence (PCMU). */
  readonly noise: boolean
}

/** Milliseconds. */
export interface Distribution {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Heard {
  readonly seconds: number
  readonly legs: number
  readonly sent: number
  readonly received: number
  readonly lost: number
  readonly duplicates: number
  /** Packets that are no RTP of the agreed payload type. */
  readonly odd: number
  /** Packets received against 50 a second, mean of the participants and the worst of them. */
  readonly receivedShare: { readonly mean: number; readonly worst: number }
  /** [sent, received, lost] of each conference. */
  readonly conferences: readonly (readonly [number, number, number])[]
  /** |time between packets − 20 ms × sequence numbers between them|, by the kernel's arrival times. */
  readonly deviation: Distribution
  /** From the send call of the packet that begins a tone to the moment the listener gets that tone. */
  readonly latency: Distribution
  /** How late the generator itself was with its sends. */
  readonly generatorLate: Distribution
  /** Over all (listener, talker) pairs: frames in which the talker's tone is at −6 dB or more of what was sent. */
  readonly hearing: {
    readonly pairs: number
    readonly pairsBelow99: number
    readonly share: number
    readonly worst: number
    /** Frames whose tone does not continue the phase of the frame before: repeated, dropped or stretched audio. */
    readonly splices: number
    readonly frames: number
  }
  /** Own voice heard by the worst talker, against what it sent. */
  readonly echoDb: number
}

const toneCount = 7

export class Generator {
  readonly #child = startPinned({ core: generatorCore, file: compile('generator'), args: [] })
  readonly #waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = []

  constructor() {
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as { readonly error?: string }
      const next = this.#waiting.shift()
      if (answer.error === undefined) next?.resolve(answer)
      else next?.reject(new Error(`load generator: ${answer.error}`))
    })
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.pipe(process.stderr)
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the load generator ended: ${signal ?? code}`))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Binds sockets; answers their ports. */
  async open(count: number): Promise<readonly number[]> {
    return (await this.#ask<{ readonly ports: readonly number[] }>(`open ${count}`)).ports
  }

  /** Lets participant `index` send and listen. */
  async start(index: number, participant: Participant): Promise<void> {
    const { address, port, payloadType, opus, conference, tone, pulse, listened, noise } = participant
    const words = [index, address, port, payloadType, Number(opus), conference]
    const rest = [tone === undefined ? -1 : tone % toneCount, Number(pulse), Number(listened), Number(noise)]
    await this.#ask(`leg ${[...words, ...rest].join(' ')}`)
  }

  stopLeg(index: number): void {
    this.#child.stdin.write(`stop ${index}\n`)
  }

  async measure(): Promise<void> {
    await this.#ask('measure')
  }

  report(): Promise<Heard> {
    return this.#ask<Heard>('report')
  }

  close(): Promise<void> {
    return end(this.#child)
  }

  #ask<T>(line: string): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) reject(new Error('the load generator is gone'))
      this.#waiting.push({ resolve: (answer) => resolve(answer as T), reject })
      this.#child.stdin.write(`${line}\n`)
    })
  }
}
