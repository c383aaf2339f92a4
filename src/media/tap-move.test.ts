// A tap in a pool of workers: it goes where its leg goes, under the ports that its peer knows.
import { expect, it } from 'vitest'
import { ModelEngine } from '../../test/scenario/server/model-engine.ts'
import type { EngineCommand, EngineReplies } from './engine.ts'
import { createWorkerPool } from './worker-pool.ts'

const to = { address: '192.0.2.7', port: 4000 }

/** Opens port 30,000 for every tap. */
class TapEngine extends ModelEngine {
  readonly asked: EngineCommand[] = []

  override async request<C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> {
    this.asked.push(command)
    if (command.kind !== 'tapStart') return super.request(command)
    return { address: '192.0.2.1', rtpPort: 30_000, rtcpPort: 30_001 } as EngineReplies[C['kind']]
  }
}

async function moved(...commands: EngineCommand[]): Promise<EngineCommand[]> {
  const engines: TapEngine[] = []
  const range = { bindAddress: '127.0.0.1', portMin: 20_000, portMax: 20_999 }
  const pool = await createWorkerPool({ ...range, workers: 2 }, async () => {
    const engine = new TapEngine()
    engines.push(engine)
    return engine
  })
  await pool.request({ kind: 'openLeg', legId: 'a' })
  await pool.request({ kind: 'openLeg', legId: 'b' })
  await pool.request({ kind: 'join', legId: 'a', mixId: 'room' })
  for (const command of commands) await pool.request(command)
  const home = engines.find((engine) => engine.legs.has('a'))
  if (home === undefined) throw new Error('a is nowhere')
  home.asked.length = 0
  await pool.request({ kind: 'join', legId: 'b', mixId: 'room' })
  return home.asked
}

const start = { kind: 'tapStart', legId: 'b', to, codec: 'PCMU' } as const
const keys = { kind: 'sendDigits', legId: 'b', digits: '1', durationMs: 100, intervalMs: 0 } as const

it('opens the same ports again where the leg moves', async () => {
  const asked = await moved(start, keys)
  expect(asked.map(({ kind }) => kind)).toEqual(['openLeg', 'tapStart', 'join'])
  expect(asked[1]).toEqual({ ...start, rtpPort: 30_000 })
})

it('does not come back after it was stopped', async () => {
  const asked = await moved(start, { kind: 'tapStop', legId: 'b' })
  expect(asked.map(({ kind }) => kind)).toEqual(['openLeg', 'join'])
})
