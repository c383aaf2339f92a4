// Processes of the bench: pinned to a core, ended by pid, and what the kernel says they cost.
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

/** The server under test has the first core, the generator and this process the second. */
export const serverCore = 0
export const generatorCore = 1
export const pinned = availableParallelism() > 1

export interface Command {
  readonly core: number
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const started = new Set<ChildProcess>()
const folders = new Set<string>()
// However this process ends, what it started ends too.
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is gone when the bench is. */
export function scratchFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), `partyline-bench-${prefix}-`))
  folders.add(folder)
  return folder
}

let first = false

/** Lets every server (nice −10) and the generator (real time) go before others on a busy machine; needs the right to. */
export function goFirst(): void {
  first = true
}

/** Starts a process on one core; without a second core it runs where it may. */
export function startPinned({ core, file, args, env }: Command): ChildProcessWithoutNullStreams {
  const niceness = core === generatorCore ? ['chrt', '-r', '1'] : ['nice', '-n', '-10']
  const command = [...(first ? niceness : []), ...(pinned ? ['taskset', '-c', String(core)] : []), file, ...args]
  const [program = file, ...rest] = command
  const child = spawn(program, rest, { env: { ...process.env, ...env }, stdio: 'pipe' })
  started.add(child)
  child.on('exit', () => started.delete(child))
  return child
}

/** Puts all threads of this process on a core. */
export function pinSelf(core: number): void {
  if (pinned) spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)])
}

/** Keeps the last of what a process says, to be shown when it fails. */
export function lastWords(child: ChildProcessWithoutNullStreams): () => string {
  let said = ''
  const keep = (text: Buffer): void => {
    said = `${said}${text.toString('utf8')}`.slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return () => said
}

/** SIGTERM, and SIGKILL after ten seconds. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(patience)
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Fields of /proc/PID/stat from the third on (proc(5)): the name before them may hold spaces. */
const statFields = (path: string): string[] =>
  read(path)
    .replace(/^.*\) /s, '')
    .split(' ')

/** A process and all below it. */
export function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(statFields(`/proc/${name}/stat`)[1])] as const)
  const found = [pid]
  for (const one of found) found.push(...parents.filter(([, parent]) => parent === one).map(([child]) => child))
  return found
}

/** USER_HZ: the unit of the times in /proc, 100 on every Linux architecture in use. */
const ticksPerSecond = 100

/** CPU seconds, user and system, that processes, their threads (ended ones too) and their ended children used so far. */
export function cpuSeconds(members: readonly number[]): number {
  return members
    .map((one) => {
      const fields = statFields(`/proc/${one}/stat`)
      return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / ticksPerSecond
    })
    .reduce((sum, seconds) => sum + seconds, 0)
}

/** Resident memory of a process and its children, in KiB. */
export function residentKib(pid: number): number {
  return family(pid)
    .map((one) => Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${one}/status`))?.[1] ?? 0))
    .reduce((sum, kib) => sum + kib, 0)
}

/** Seconds a core was busy with anything, and stolen by the host, since boot. */
export function coreSeconds(core: number): { readonly busy: number; readonly stolen: number } {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(read('/proc/stat'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number)
  return { busy: (user + nice + system + irq + softirq) / ticksPerSecond, stolen: steal / ticksPerSecond }
}

/** CPU seconds per thread name, most first: where the cost is. */
export function threadSeconds(pid: number): ReadonlyMap<string, number> {
  const seconds = new Map<string, number>()
  for (const one of family(pid)) {
    for (const task of readdirSync(`/proc/${one}/task`)) {
      const name = read(`/proc/${one}/task/${task}/comm`)
        .trim()
        .replace(/[\d]+$/, '')
      const ns = Number(read(`/proc/${one}/task/${task}/schedstat`).split(' ')[0] ?? 0)
      seconds.set(name, (seconds.get(name) ?? 0) + ns / 1e9)
    }
  }
  return seconds
}

/** Datagrams that this machine's kernel dropped for want of receive buffer since boot. */
export function receiveBufferErrors(): number {
  const [names = '', values = ''] = [...read('/proc/net/snmp').matchAll(/^Udp: (.*)$/gm)].map((match) => match[1])
  return Number(values.split(' ')[names.split(' ').indexOf('RcvbufErrors')] ?? 0)
}
