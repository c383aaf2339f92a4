// A leg that moves to its conference's worker sends from a new source, whose packets go on counting where the old one's ended: some phones
// take whatever counts lower than before for late, and would hear nothing for minutes.
import { createSocket } from 'node:dgram'
import { afterEach, expect, it } from 'vitest'
import { createWorkerPool } from '../../../src/media/worker-pool.ts'
import { PacketView } from '../../../src/rtp/packet.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

it('goes on counting', async () => {
  const engine = await createWorkerPool({ bindAddress: '127.0.0.1', portMin: 29_480, portMax: 29_559, workers: 2 })
  closers.push(() => engine.close())
  const seen: { ssrc: number; sequence: number }[] = []
  const watch = { condition: () => false, resolve: () => {} }
  const view = new PacketView()
  const socket = createSocket('udp4', (bytes) => {
    if (view.parse(bytes) !== undefined || view.payloadType !== 0) return
    seen.push({ ssrc: view.ssrc, sequence: view.sequence })
    if (watch.condition()) watch.resolve()
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  closers.push(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => Object.assign(watch, { condition, resolve }))
  const { port } = socket.address()
  for (const [legId, rtpPort] of [
    ['first', 29_990],
    ['caller', port],
  ] as const) {
    await engine.request({ kind: 'openLeg', legId })
    const remote = { address: '127.0.0.1', rtpPort, rtcpPort: rtpPort + 1 }
    const plan = {
      codec: 'PCMU',
      sendPayloadType: 0,
      receivePayloadType: 0,
      ptimeMs: 20,
      direction: 'sendrecv',
      remote,
    } as const
    await engine.request({ kind: 'configureLeg', legId, plan })
  }
  await engine.request({ kind: 'join', legId: 'first', mixId: 'room' })
  await until(() => seen.length >= 10)
  await engine.request({ kind: 'join', legId: 'caller', mixId: 'room' })
  const sources = (): number => new Set(seen.map(({ ssrc }) => ssrc)).size
  await until(() => sources() === 2 && seen.length >= 20)
  const steps = seen.slice(1).map(({ sequence }, index) => (sequence - (seen[index]?.sequence ?? 0) + 65_536) % 65_536)
  expect(new Set(steps)).toEqual(new Set([1]))
})
