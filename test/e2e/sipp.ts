// SIPp as an independent far end: runs one of the scenarios in sipp/ as caller or as called party and counts the calls.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from './child.ts'
import type { Room } from './room.ts'
import { eventually } from './tools.ts'

export interface SippOptions {
  /** File name without `.xml`. */
  readonly scenario: string
  /** Own address. */
  readonly address: string
  readonly port: number
  readonly transport?: 'udp' | 'tcp'
  /** Whom to call: user part, host and port. Absent: SIPp waits to be called. */
  readonly call?: { readonly user: string; readonly port: number }
  readonly calls?: number
  /** Another place to run in than this machine's own loopback; then it is not waited for until it listens. */
  readonly room?: Pick<Room, 'command'>
}

export interface SippResult {
  readonly exitCode: number | null
  readonly successful: number
  readonly failed: number
  /** SIPp's own explanation and the messages it saw, for a failing test. */
  readonly report: string
  /** What it received, message by message, repetitions included. */
  readonly received: readonly string[]
}

/** SIPp says nothing when it is ready, the kernel does (state 0A is a TCP listener). */
function isBound({ port, transport = 'udp' }: SippOptions): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  return readFileSync(`/proc/net/${transport}`, 'latin1')
    .split('\n')
    .some(
      (line) =>
        line.split(/ [0-9A-F]+:[0-9A-F]{4} /)[0]?.includes(':') &&
        line.includes(local) &&
        (transport === 'udp' || / 0A /.test(line)),
    )
}

export class Sipp {
  readonly #child: Child
  readonly #folder = mkdtempSync(join(tmpdir(), 'partyline-sipp-'))

  private constructor(options: SippOptions) {
    const { scenario, address, port, transport = 'udp', call, calls = 1, room } = options
    const file = fileURLToPath(new URL(`./sipp/${scenario}.xml`, import.meta.url))
    const target = call ? [`${address}:${call.port}`, '-s', call.user] : []
    const own = [
      '-i',
      address,
      '-p',
      String(port),
      '-mi',
      address,
      '-mp',
      String(port + 2),
      '-t',
      transport === 'tcp' ? 't1' : 'u1',
    ]
    const limits = ['-m', String(calls), '-r', '10', '-timeout', '30', '-timeout_error', '-nostdin']
    const traces = ['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log']
    const counts = ['-trace_stat', '-stf', 'counts.csv', '-fd', '1']
    const command = [...target, '-sf', file, ...own, ...limits, ...traces, ...counts]
    this.#child = new Child(room?.command('sipp', ...command) ?? ['sipp', ...command], {
      cwd: this.#folder,
      env: { TERM: 'xterm' },
    })
  }

  /** As a called party it listens once this resolves. */
  static async start(options: SippOptions): Promise<Sipp> {
    const sipp = new Sipp(options)
    if (!options.call && !options.room) await eventually('SIPp listens', () => (isBound(options) ? true : undefined))
    return sipp
  }

  static async run(options: SippOptions): Promise<SippResult> {
    return (await Sipp.start(options)).finished()
  }

  /** Resolves when all calls are done or failed. */
  async finished(): Promise<SippResult> {
    const { code } = await this.#child.exited
    const counts = this.#counts()
    const messages = this.#read('messages.log')
    const report = `${this.#read('errors.log')}\n${messages}`
    const received = messages
      .split(/^-{20,} .*$/m)
      .flatMap((part) => / message received .*\n\n?([\s\S]*)/.exec(part)?.[1] ?? [])
    rmSync(this.#folder, { recursive: true, force: true })
    return {
      exitCode: code,
      successful: counts('SuccessfulCall(C)'),
      failed: counts('FailedCall(C)'),
      report,
      received,
    }
  }

  /** For a test that gives up early. */
  async close(): Promise<void> {
    await this.#child.stop('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #counts(): (column: string) => number {
    const [head = '', ...rows] = this.#read('counts.csv').trim().split('\n')
    const last = rows.at(-1)?.split(';') ?? []
    return (column) => Number(last[head.split(';').indexOf(column)] ?? Number.NaN)
  }

  #read(name: string): string {
    try {
      return readFileSync(join(this.#folder, name), 'utf8')
    } catch {
      return ''
    }
  }
}
