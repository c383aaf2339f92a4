// The floor: SIPp's own answerer (Debian's sip-tester), which says 180 and 200 to every INVITE and does nothing else. No mixer, no
// store, no API: no server can be cheaper by much.
import { spawnSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../../demo/server.ts'
import { loopback } from '../capacity/bridge.ts'
import { end, lastWords, scratchFolder, serverCore, startPinned } from '../capacity/child.ts'
import type { Answerer } from './answerer.ts'

export const sippInstalled = (): boolean => spawnSync('sipp', ['-v']).error === undefined

export async function startSipp(): Promise<Answerer> {
  const port = await freePort()
  const folder = scratchFolder('sipp')
  const place = ['-i', loopback, '-p', String(port), '-mi', loopback]
  // `env -C` since SIPp writes its files where it stands.
  const args = ['-C', folder, 'sipp', '-sn', 'uas', ...place, '-nostdin', '-buff_size', String(1 << 20)]
  const child = startPinned({ core: serverCore, file: 'env', args, env: { TERM: 'dumb' } })
  const said = lastWords(child)
  await wait(500)
  if (child.exitCode !== null) throw new Error(`SIPp ended by itself\n${said()}`)
  return {
    pid: child.pid ?? 0,
    uris: [`sip:service@${loopback}:${port}`],
    stop: () => end(child),
    written: () => undefined,
    lastWords: said,
  }
}
