// Seeded nonsense against everything that reads datagrams: RTP, RTCP, events, and a whole leg. Nothing throws, nothing grows.
import { PacketView, writeHeader } from '../../src/rtp/packet.ts'
import { buildRtcp } from '../../src/rtp/rtcp.fixture.ts'
import { parseRtcp } from '../../src/rtp/rtcp.ts'
import { TelephoneEventReceiver } from '../../src/rtp/telephone-event.ts'
import { Studio, seededRandom } from '../scenario/media/studio.ts'

interface FuzzResult {
  readonly messages: number
  readonly accepted: number
  readonly digits: number
  readonly bufferFrames: number
  readonly notices: number
}

type Random = () => number
const below = (random: Random, limit: number): number => Math.floor(random() * limit)

/** A valid datagram to start from. */
function wellFormed(random: Random, sequence: number): Uint8Array {
  const kind = below(random, 10)
  if (kind === 0) {
    const block = {
      ssrc: 1,
      fractionLost: 1,
      cumulativeLost: 1,
      highestSequence: 1,
      jitter: 1,
      lastReport: 1,
      delay: 1,
    }
    const sender = { ntp: { seconds: 1, fraction: 1 }, timestamp: 1, packets: 1, octets: 1 }
    return buildRtcp({ ssrc: 7, sender, block, cname: 'x'.repeat(below(random, 20)), bye: random() < 0.5 })
  }
  const event = kind < 3
  const bytes = new Uint8Array(12 + (event ? 4 : 80 * below(random, 9)))
  const payloadType = event ? 101 : 0
  writeHeader(bytes, { marker: random() < 0.1, payloadType, sequence, timestamp: (sequence * 160) >>> 0, ssrc: 7 })
  if (event) bytes.set([below(random, 20), below(random, 256), below(random, 256), below(random, 256)], 12)
  return bytes
}

/** Bits flipped, bytes replaced, cut short or made longer, or all of it noise. */
function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const way = below(random, 6)
  if (way === 0) return bytes
  if (way === 1) return Uint8Array.from({ length: below(random, 64) }, () => below(random, 256))
  if (way === 2) return bytes.slice(0, below(random, bytes.length + 1))
  if (way === 3)
    return Uint8Array.from(
      { length: bytes.length + below(random, 1500) },
      (_, index) => bytes[index] ?? below(random, 256),
    )
  const changed = bytes.slice()
  const changes = 1 + below(random, 4)
  for (let change = 0; change < changes; change += 1) {
    // Headers are where the parsing is.
    const at = below(random, random() < 0.8 ? Math.min(24, changed.length) : changed.length)
    changed[at] = way === 4 ? (changed[at] ?? 0) ^ (1 << below(random, 8)) : below(random, 256)
  }
  return changed
}

/** Feeds `count` damaged datagrams to the parsers and to a leg in a mix. Throws when anything throws. */
export async function fuzzRtp(seed: number, count: number): Promise<FuzzResult> {
  const random = seededRandom(seed)
  const studio = new Studio({ seed, mediaTimeoutMs: 1e9 })
  const victim = await studio.phone('victim')
  const ear = await studio.phone('ear', { codec: 'PCMA', ptimeMs: 30 })
  await studio.join('mix', victim, ear)
  const view = new PacketView()
  let digits = 0
  const events = new TelephoneEventReceiver(8000, () => {
    digits += 1
  })
  const from = { address: victim.address, port: victim.port }
  let accepted = 0
  let bufferFrames = 0
  let sequence = 0
  for (let message = 0; message < count; message += 1) {
    sequence = (sequence + (random() < 0.9 ? 1 : below(random, 65_536))) & 0xffff
    const bytes = damage(random, wellFormed(random, sequence))
    if (view.parse(bytes) === undefined) {
      accepted += 1
      if (view.payloadOffset + view.payloadLength > bytes.length)
        throw new Error(`seed ${seed}, message ${message}: payload beyond the datagram`)
      events.receive(view, message)
    }
    parseRtcp(bytes)
    studio.arrive(
      victim.legPort + (random() < 0.1 ? 1 : 0),
      bytes,
      random() < 0.95 ? from : { address: '203.0.113.5', port: 5 },
    )
    if (random() < 0.4) studio.run(20)
    if (message % 1000 !== 0) continue
    ear.forget()
    victim.forget()
    const statistics = await studio.core.handle({ kind: 'statistics', legId: 'victim' })
    bufferFrames = Math.max(bufferFrames, statistics.bufferFrames)
    studio.notices.length = Math.min(studio.notices.length, 1)
  }
  return { messages: count, accepted, digits, bufferFrames, notices: studio.notices.length }
}
