// The floor as a bridge: every participant's packets come straight back to it.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Bridge, loopback } from './bridge.ts'
import { end, serverCore, startPinned } from './child.ts'
import { compile } from './compile.ts'

export async function startFloor(participants: number): Promise<Bridge> {
  const child = startPinned({ core: serverCore, file: compile('floor'), args: [String(participants)] })
  child.stderr.pipe(process.stderr)
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { ports } = JSON.parse(line) as { readonly ports: number[] }
  let conferences = 0
  return {
    pid: child.pid ?? 0,
    openConference: async () => String(conferences++),
    join: async () => ({ address: loopback, port: ports.shift() ?? 0, payloadType: 0, leave: async () => {} }),
    stop: () => end(child),
    lastWords: () => '',
  }
}
