// A server for the demo alone: on spare ports of the loopback interface, with a data folder that goes when it goes.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface DemoServer {
  readonly url: string
  sip(user: string): string
  /** A request to `/v1.0`; throws what the server said when it failed. */
  api<T extends object>(method: string, path: string, body?: object): Promise<T>
  /** Resolves when the server is gone and its data removed. */
  stop(): Promise<void>
  /** Rejects when the server ends by itself. */
  readonly failed: Promise<never>
}

/** A TCP port that was free a moment ago. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const probe = createServer().listen(0, address)
  await once(probe, 'listening')
  const bound = probe.address()
  probe.close()
  await once(probe, 'close')
  if (bound === null || typeof bound === 'string') throw new Error('no free port')
  return bound.port
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const accesskey = `vb_${randomBytes(16).toString('hex')}`
const address = '127.0.0.1'

async function settings(dataDir: string) {
  const [http, sip] = [await freePort(), await freePort()]
  const environment = {
    PARTYLINE_BIND_IP: address,
    PARTYLINE_PUBLIC_IP: address,
    PARTYLINE_HTTP_PORT: String(http),
    PARTYLINE_SIP_PORT: String(sip),
    PARTYLINE_RTP_PORTS: '20000-29999',
    PARTYLINE_DATA_DIR: dataDir,
    PARTYLINE_ADMIN_ACCESSKEY: accesskey,
    PARTYLINE_LOG_LEVEL: 'warn',
  }
  return { environment, http, sip }
}

/** Resolves when the server answers `GET /ping`. */
export async function startDemoServer(): Promise<DemoServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'partyline-demo-'))
  const { environment, http, sip } = await settings(dataDir)
  const child = spawn(process.execPath, [main], { env: { ...process.env, ...environment }, stdio: 'pipe' })
  let said = ''
  child.stdout.on('data', () => {})
  child.stderr.on('data', (text: Buffer) => {
    said = `${said}${text.toString('utf8')}`.slice(-4000)
  })
  const gone = once(child, 'exit')
  const url = `http://${address}:${http}`
  const failed = gone.then(() => Promise.reject<never>(new Error(`the server ended by itself\n${said}`)))
  failed.catch(() => {})
  const ready = async (): Promise<void> => {
    while (
      !(await fetch(`${url}/ping`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
    }
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await gone
      clearTimeout(patience)
    }
    rmSync(dataDir, { recursive: true, force: true })
  }
  await Promise.race([ready(), failed]).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    url,
    failed,
    stop,
    sip: (user) => `sip:${user}@${address}:${sip}`,
    async api<T extends object>(method: string, path: string, body?: object): Promise<T> {
      const answer = await fetch(`${url}/v1.0${path}?accesskey=${accesskey}`, {
        method,
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
  }
}
