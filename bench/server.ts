// The server under test, for every bench: on spare loopback ports and one core, with data of its own and the flags of `npm start`.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../demo/server.ts'
import { loopback } from './capacity/bridge.ts'
import { end, lastWords, scratchFolder, serverCore, startPinned } from './capacity/child.ts'

export interface ServerOptions {
  /** This checkout unless given. */
  readonly checkout?: string | undefined
  /** Folder for V8's CPU profiles of all its threads. */
  readonly profile?: string | undefined
  /** Unless true, customers may have 1,000 outgoing calls, and 50 new ones a second. */
  readonly unlimitedCalls?: boolean
}

export interface ServerUnderTest {
  readonly pid: number
  readonly httpPort: number
  readonly sipPort: number
  readonly accesskey: string
  /** Removed when the bench ends. */
  readonly dataDir: string
  /** The end of what it wrote. */
  lastWords(): string
  stop(): Promise<void>
}

const ownCheckout = fileURLToPath(new URL('..', import.meta.url))

/** Of a checkout's `npm start`. */
function nodeFlags(checkout: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    readonly scripts: { readonly start: string }
  }
  return scripts.start.split(' ').filter((word) => word.startsWith('--'))
}

/** Resolves when it answers. */
export async function startServer(options: ServerOptions = {}): Promise<ServerUnderTest> {
  const { checkout = ownCheckout, profile, unlimitedCalls = false } = options
  const dataDir = scratchFolder('data')
  const [httpPort, sipPort] = [await freePort(), await freePort()]
  const accesskey = `vb_${randomBytes(16).toString('hex')}`
  const profiling = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profile}`]
  const child = startPinned({
    core: serverCore,
    file: process.execPath,
    args: [...nodeFlags(checkout), ...profiling, join(checkout, 'src', 'main.ts')],
    env: {
      PARTYLINE_BIND_IP: loopback,
      PARTYLINE_PUBLIC_IP: loopback,
      PARTYLINE_HTTP_PORT: String(httpPort),
      PARTYLINE_SIP_PORT: String(sipPort),
      PARTYLINE_RTP_PORTS: '10000-29999',
      PARTYLINE_DATA_DIR: dataDir,
      PARTYLINE_ADMIN_ACCESSKEY: accesskey,
      PARTYLINE_LOG_LEVEL: 'warn',
      PARTYLINE_RATE_LIMITS: 'off',
      ...(unlimitedCalls && { PARTYLINE_CALLS_PER_SECOND: '0', PARTYLINE_MAX_CALLS: '0' }),
    },
  })
  const said = lastWords(child)
  const gone = once(child, 'exit').then(() => false)
  const answers = (): Promise<boolean> =>
    fetch(`http://${loopback}:${httpPort}/ping`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await answers())) {
    if (!(await Promise.race([gone, wait(50, true)]))) throw new Error(`the server ended by itself\n${said()}`)
  }
  return { pid: child.pid ?? 0, httpPort, sipPort, accesskey, dataDir, lastWords: said, stop: () => end(child) }
}
