// Telephone events (RFC 4733 §2.3, §2.5) as the tests' phones send and hear them, sharing nothing with the server.
import { randomBytes } from 'node:crypto'

/** Payload type in the descriptions of the tests' phones. */
export const eventType = 101

const keys = '0123456789*#ABCD'
const frameSamples = 160
/** The end of an event is sent three times (§2.5.1.4). */
const endings = 3

interface Pressed {
  readonly event: number
  /** Packets in which the key is down, the last of which ends it. */
  readonly frames: number
  readonly done: () => void
}

/** Writes the packets of one stream: audio, or the key that is down instead of it. */
export class KeyWriter {
  readonly #ssrc = randomBytes(4)
  readonly #queue: Pressed[] = []
  #sequence = randomBytes(2).readUInt16BE()
  #timestamp = randomBytes(4).readUInt32BE()
  #frame = 0
  #pause = 0

  /** Resolves when the last key is up. Between two keys there are 60 ms of audio. */
  async press(text: string, heldMs: number): Promise<void> {
    const frames = Math.max(1, Math.round(heldMs / 20))
    const up = [...text].map(
      (key) =>
        new Promise<void>((done) => {
          this.#queue.push({ event: keys.indexOf(key), frames, done })
        }),
    )
    await Promise.all(up)
  }

  /** The packets of the next 20 ms. */
  next(audio: () => Uint8Array): Buffer[] {
    const packets = this.#next(audio)
    this.#timestamp = (this.#timestamp + frameSamples) >>> 0
    return packets
  }

  #next(audio: () => Uint8Array): Buffer[] {
    const [pressed] = this.#queue
    if (pressed === undefined || this.#pause > 0) {
      this.#pause = Math.max(0, this.#pause - 1)
      return [this.#packet(0, this.#timestamp, audio())]
    }
    this.#frame += 1
    const isLast = this.#frame === pressed.frames
    const payload = Buffer.alloc(4)
    payload[0] = pressed.event
    payload[1] = (isLast ? 0x80 : 0) | 10
    payload.writeUInt16BE(this.#frame * frameSamples, 2)
    const start = (this.#timestamp - (this.#frame - 1) * frameSamples) >>> 0
    const marker = this.#frame === 1 ? 0x80 : 0
    const packets = Array.from({ length: isLast ? endings : 1 }, () => this.#packet(eventType | marker, start, payload))
    if (isLast) {
      this.#queue.shift()
      this.#frame = 0
      this.#pause = 3
      pressed.done()
    }
    return packets
  }

  #packet(type: number, timestamp: number, payload: Uint8Array): Buffer {
    const packet = Buffer.alloc(12 + payload.length)
    packet[0] = 0x80
    packet[1] = type
    packet.writeUInt16BE(this.#sequence, 2)
    packet.writeUInt32BE(timestamp, 4)
    this.#ssrc.copy(packet, 8)
    packet.set(payload, 12)
    this.#sequence = (this.#sequence + 1) & 0xffff
    return packet
  }
}

export interface HeardKey {
  readonly key: string
  /** How long it was down, in milliseconds, as its last packet says. */
  readonly ms: number
  readonly ended: boolean
}

/** Follows the events of a stream: packets of one timestamp are one key. */
export class KeyEars {
  readonly #heard = new Map<number, HeardKey>()

  hear(packet: Buffer): void {
    if (packet.length < 16) return
    const ended = ((packet[13] ?? 0) & 0x80) !== 0
    const key = keys.charAt(packet[12] ?? 0)
    this.#heard.set(packet.readUInt32BE(4), { key, ms: packet.readUInt16BE(14) / 8, ended })
  }

  get all(): HeardKey[] {
    return [...this.#heard.values()]
  }

  /** The keys that are up again. */
  get keys(): string {
    return this.all
      .filter(({ ended }) => ended)
      .map(({ key }) => key)
      .join('')
  }
}
