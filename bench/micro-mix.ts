// What a tick costs without sockets: N legs in one mix over a virtual network, T of them talking, and what it allocates.
// Usage: node --expose-gc bench/micro-mix.ts [legs] [talkers] [seconds]

import { writeHeader } from '../src/rtp/packet.ts'
import { Studio } from '../test/scenario/media/studio.ts'

const [legs = 100, talkers = 4, seconds = 20] = process.argv.slice(2).map(Number)
const studio = new Studio({ mediaTimeoutMs: 1e9 })
const from: { address: string; port: number }[] = []
const ports: number[] = []
for (let index = 0; index < legs; index += 1) {
  const { rtpPort } = await studio.core.handle({ kind: 'openLeg', legId: `leg-${index}` })
  const remote = { address: '198.51.100.7', rtpPort: 50_000 + 2 * index, rtcpPort: 50_001 + 2 * index }
  const plan = {
    codec: 'PCMU',
    sendPayloadType: 0,
    receivePayloadType: 0,
    ptimeMs: 20,
    direction: 'sendrecv',
    remote,
  } as const
  await studio.core.handle({ kind: 'configureLeg', legId: `leg-${index}`, plan })
  await studio.core.handle({ kind: 'join', legId: `leg-${index}`, mixId: 'mix' })
  from.push({ address: remote.address, port: remote.rtpPort })
  ports.push(rtpPort)
}

const bytes = new Uint8Array(172)
const header = { marker: false, payloadType: 0, sequence: 0, timestamp: 0, ssrc: 0 }

function tick(count: number): void {
  header.sequence = count & 0xffff
  header.timestamp = (count * 160) >>> 0
  for (let leg = 0; leg < legs; leg += 1) {
    const source = from[leg]
    if (!source) continue
    header.ssrc = leg + 1
    writeHeader(bytes, header)
    for (let index = 12; index < 172; index += 1)
      bytes[index] = leg < talkers ? (index * (leg + 3) + count) & 0xff : 0xff
    studio.arrive(ports[leg] ?? 0, bytes, source)
  }
  studio.run(20)
}

const warmUp = 500
for (let count = 0; count < warmUp; count += 1) tick(count)
const collect = globalThis.gc
collect?.()
const heapBefore = process.memoryUsage().heapUsed
const cpuBefore = process.threadCpuUsage()
const ticks = seconds * 50
for (let count = 0; count < ticks; count += 1) tick(warmUp + count)
const cpu = process.threadCpuUsage(cpuBefore)
const heap = process.memoryUsage().heapUsed - heapBefore
const micros = cpu.user + cpu.system
console.log(`${legs} legs, ${talkers} talking, ${seconds} s of audio`)
console.log(
  `${(micros / ticks).toFixed(0)} µs a tick, ${(micros / seconds / legs).toFixed(1)} µs per participant and second of audio`,
)
console.log(
  `${(heap / ticks / legs).toFixed(1)} octets of heap per leg and tick${collect ? '' : ' (run with --expose-gc for a fair figure)'}`,
)
