// The taps of an engine: each opens ports of its own beside its leg's, and takes RTP from the one address that it was told.
import { UserError } from '../base/errors.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import type { CodecName, MediaPlan } from '../sdp/media-plan.ts'
import type { LegCommand, LegPorts } from './engine.ts'
import type { Leg } from './leg.ts'
import { LegTap } from './leg-tap.ts'
import type { PacketIo, PacketSink, PortPair } from './packet-io.ts'

export type TapStart = Extract<LegCommand, { kind: 'tapStart' }>

export interface TapsSettings {
  readonly packetIo: PacketIo
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** The leg of that id, if it is still there. */
  readonly leg: (legId: string) => Leg | undefined
  /** A leg for the peer's side, in no mix and unknown to the tick. */
  readonly makeLine: (ports: PortPair) => Leg
}

/** Of RFC 3551 where it has one; linear samples, 16,000 a second, have none there. */
const payloadTypes: Readonly<Record<TapStart['codec'], number>> = { PCMU: 0, PCMA: 8, G722: 9, L16: 118 }

export class Taps {
  readonly #settings: TapsSettings
  readonly #open = new Map<string, LegTap>()

  constructor(settings: TapsSettings) {
    this.#settings = settings
  }

  /** Taps the leg, in place of the tap that it may have. Throws UserError for an unknown leg, OperationalError when no port is free. */
  async start(command: TapStart): Promise<LegPorts> {
    await this.stop(command.legId)
    const { packetIo, makeLine } = this.#settings
    const inlet = new TapInlet(command.to)
    const ports = await packetIo.open(inlet, command.rtpPort)
    const leg = this.#settings.leg(command.legId)
    if (leg === undefined || this.#open.has(command.legId)) {
      await ports.close()
      throw new UserError('RESOURCE_NOT_FOUND', `There is no media leg ${command.legId} to be tapped.`)
    }
    const { listen = 'in', speak = 'out' } = command
    const line = makeLine(ports)
    line.configure(planOf(command, { listen, speak }), this.#settings.now())
    inlet.line = line
    const tap = new LegTap({ line, rate: () => leg.rate, listen, speak })
    this.#open.set(command.legId, tap)
    leg.tap = tap
    leg.add(tap)
    return { address: ports.address, rtpPort: ports.rtpPort, rtcpPort: ports.rtcpPort }
  }

  /** No-op for a leg without a tap. Resolves when its ports are free. */
  async stop(legId: string): Promise<void> {
    const tap = this.#open.get(legId)
    if (tap === undefined) return
    this.#open.delete(legId)
    const leg = this.#settings.leg(legId)
    if (leg?.tap === tap) {
      leg.tap = undefined
      leg.remove(tap)
    }
    tap.line.close(this.#settings.now())
    await tap.line.ports.close()
  }
}

function planOf({ codec, to }: TapStart, { listen, speak }: Required<Pick<TapStart, 'listen' | 'speak'>>): MediaPlan {
  const name: CodecName = codec
  const sends = listen !== 'none'
  return {
    codec: name,
    ...(codec === 'L16' && { sampleRate: 16_000 }),
    sendPayloadType: payloadTypes[codec],
    receivePayloadType: payloadTypes[codec],
    ptimeMs: 20,
    remote: { address: to.address, rtpPort: to.port, rtcpPort: to.port + 1 },
    direction: speak === 'none' ? 'sendonly' : sends ? 'sendrecv' : 'recvonly',
  }
}

/** Lets in what comes from the peer's address, from whichever port, and answers to the one that was told: nobody turns the sound elsewhere. */
class TapInlet implements PacketSink {
  readonly #peer: Endpoint
  readonly #control: Endpoint
  line: Leg | undefined

  constructor(peer: Endpoint) {
    this.#peer = peer
    this.#control = { address: peer.address, port: peer.port + 1 }
  }

  rtp(bytes: Uint8Array, source: Endpoint, now: number): void {
    if (source.address === this.#peer.address) this.line?.receiveRtp(bytes, this.#peer, now)
  }

  rtcp(bytes: Uint8Array, source: Endpoint, now: number): void {
    if (source.address === this.#peer.address) this.line?.receiveRtcp(bytes, this.#control, now)
  }
}
