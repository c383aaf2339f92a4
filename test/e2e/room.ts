// Where a test plays: the machine's own loopback, or a network namespace of the test's own with an interface that is no
// loopback (baresip insists on one). Nothing in the namespace is seen outside; a relay carries the test's connections in.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from './child.ts'

export interface Room {
  readonly address: string
  /** The command line that runs a program inside. */
  command(program: string, ...args: string[]): [string, ...string[]]
  /** A TCP connection to a port of `address`. */
  connect(port: number): Socket
  close(): Promise<void>
}

export const loopback: Room = {
  address: '127.0.0.1',
  command: (program, ...args) => [program, ...args],
  connect: (port) => connect(port, '127.0.0.1'),
  close: async () => {},
}

const prefix = 'partyline-e2e-'
/** From the range for tests between devices (RFC 2544). */
const address = '198.18.0.1'

function ip(...args: string[]): string | undefined {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status === 0) return undefined
  return `"ip ${args.join(' ')}" failed: ${(error?.message ?? stderr).trim()}`
}

function build(name: string): string | undefined {
  return (
    ip('netns', 'add', name) ??
    ip('-n', name, 'link', 'add', 'phones', 'type', 'veth', 'peer', 'name', 'far') ??
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'phones') ??
    ip('-n', name, 'link', 'set', 'lo', 'up') ??
    ip('-n', name, 'link', 'set', 'phones', 'up') ??
    ip('-n', name, 'link', 'set', 'far', 'up') ??
    ip('netns', 'exec', name, 'true')
  )
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Namespaces whose test process died without cleaning up. */
function sweep(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [name, pid] of (stdout ?? '').matchAll(/partyline-e2e-(\d+)/g)) {
    if (!isAlive(Number(pid))) ip('netns', 'del', name)
  }
}

/** Why no room can be had, or undefined. */
export function lacksRoom(): string | undefined {
  if (process.getuid?.() !== 0) return 'a network namespace needs root'
  sweep()
  const name = `${prefix}${process.pid}`
  const failure = build(name)
  ip('netns', 'del', name)
  return failure
}

export async function openRoom(): Promise<Room> {
  const name = `${prefix}${process.pid}`
  const failure = build(name)
  if (failure !== undefined) throw new Error(failure)
  const remove = (): void => {
    ip('netns', 'del', name)
  }
  process.on('exit', remove)
  const folder = mkdtempSync(join(tmpdir(), prefix))
  const door = join(folder, 'door')
  const command = (program: string, ...args: string[]): [string, ...string[]] => [
    'ip',
    'netns',
    'exec',
    name,
    program,
    ...args,
  ]
  const relay = new Child(
    command(process.execPath, fileURLToPath(new URL('./relay.ts', import.meta.url)), door, address),
  )
  await relay.until(/ready/)
  return {
    address,
    command,
    connect(port) {
      const socket = connect(door)
      socket.write(`${port}\n`)
      return socket
    },
    async close() {
      await relay.stop()
      process.off('exit', remove)
      remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
