// Run by itself, because test runners rewrite code: 10,000 ticks of receiving, mixing and sending, with the heap watched throughout.
// Usage: node allocation-run.ts <codec> …   Prints octets of heap per packet, and the octets that were sent.
import { EngineCore } from '../../../src/media/engine-core.ts'
import type { PacketSink } from '../../../src/media/packet-io.ts'
import { writeHeader } from '../../../src/rtp/packet.ts'
import type { CodecName, MediaPlan } from '../../../src/sdp/media-plan.ts'
import { seededRandom } from './studio.ts'

const source = { address: '198.51.100.7', port: 4000 }

/** A core whose network is two function calls, so that everything that is allocated is the core's own. */
async function bareCore(codecs: readonly CodecName[]) {
  let now = 0
  const sinks: PacketSink[] = []
  const sent = { octets: 0 }
  const core = new EngineCore({
    packetIo: {
      open: async (sink) => {
        sinks.push(sink)
        return {
          address: '192.0.2.1',
          rtpPort: 2 * sinks.length,
          rtcpPort: 2 * sinks.length + 1,
          sendRtp: (bytes) => {
            sent.octets += bytes.length
          },
          sendRtcp: () => undefined,
          close: async () => undefined,
        }
      },
      flush: () => undefined,
      close: async () => undefined,
    },
    clock: { now: () => now, wallMicros: () => now * 1000 },
    random: seededRandom(5),
    notify: () => undefined,
    wantTicks: () => undefined,
    mediaTimeoutMs: 1e9,
  })
  for (const [index, codec] of codecs.entries()) {
    const payloadType = codec === 'G722' ? 9 : codec === 'PCMA' ? 8 : 0
    const plan: MediaPlan = {
      codec,
      sendPayloadType: payloadType,
      receivePayloadType: payloadType,
      ptimeMs: 20,
      direction: 'sendrecv',
      remote: { address: source.address, rtpPort: source.port, rtcpPort: source.port + 1 },
    }
    await core.handle({ kind: 'openLeg', legId: `leg-${index}` })
    await core.handle({ kind: 'configureLeg', legId: `leg-${index}`, plan })
    await core.handle({ kind: 'join', legId: `leg-${index}`, mixId: 'mix' })
  }
  const bytes = new Uint8Array(172)
  const header = { marker: false, payloadType: 0, sequence: 0, timestamp: 0, ssrc: 0 }
  const talkers = 4
  const tick = (): void => {
    for (let leg = 0; leg < sinks.length; leg += 1) {
      header.ssrc = leg + 1
      header.payloadType = codecs[leg] === 'G722' ? 9 : codecs[leg] === 'PCMA' ? 8 : 0
      writeHeader(bytes, header)
      for (let index = 12; index < 172; index += 1)
        bytes[index] = leg < talkers ? (index * (leg + 3) + header.sequence) & 0xff : 0xff
      sinks[leg]?.rtp(bytes, source, now)
    }
    now += 20
    core.tick(now + 15 - 20)
    header.sequence = (header.sequence + 1) & 0xffff
    header.timestamp = (header.timestamp + 160) >>> 0
  }
  return { core, tick, sent }
}

/** Octets of heap that `count` ticks took. A collection in between shows as a step down, and is left out. */
function heapOf(tick: () => void, count: number): number {
  const batch = 50
  let grown = 0
  for (let done = 0; done < count; done += batch) {
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < batch; index += 1) tick()
    grown += Math.max(0, process.memoryUsage().heapUsed - before)
  }
  return grown
}

const codecs = process.argv.slice(2) as CodecName[]
const { tick, sent } = await bareCore(codecs)
heapOf(tick, 30_000)
const before = sent.octets
const octets = heapOf(tick, 10_000) / (10_000 * codecs.length)
process.stdout.write(JSON.stringify({ octets, sent: sent.octets - before }))
