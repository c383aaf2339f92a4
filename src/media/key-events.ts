// Keys sent to one phone as telephone events (RFC 4733 §2.5): in the frames of a key a packet of its event goes out instead of audio, all under
// the timestamp of its beginning.
import type { RtpHeader } from '../rtp/packet.ts'
import { KeySequence, type KeyTiming } from './key-sequence.ts'

export const eventLength = 4
/** −10 dBm0, in the middle of what receivers accept. */
const volume = 10

/** One packet of an event; whoever sends it fills in the rest of the header. */
export interface EventPacket extends Pick<RtpHeader, 'marker' | 'payloadType'> {
  /** It is the first one: its timestamp is the time that is now. */
  readonly begins: boolean
  readonly payload: Uint8Array
}

export class KeyEvents {
  readonly #sequence = new KeySequence()
  readonly #payload = new Uint8Array(eventLength)
  readonly #done: (() => void)[] = []

  /** `done` is called once these keys and all before them are sent. */
  add(digits: string, timing: KeyTiming, done?: () => void): void {
    this.#sequence.add(digits, timing)
    if (done) this.#done.push(done)
  }

  /** No more keys: one that is held is let go, and its end is told. */
  cut(): void {
    this.#sequence.cut()
  }

  /** The next frame: a packet to send in place of audio, `audio` in the pauses, or `ended`. */
  next(payloadType: number, clockRate: number): EventPacket | 'audio' | 'ended' {
    const phase = this.#sequence.next()
    if (phase === 'ended') return 'ended'
    if (phase === 'pause') return 'audio'
    const { event, first, heldMs, over } = this.#sequence
    // A segment ends where the field does (§2.5.1.3); no key is held that long.
    const duration = Math.min(0xffff, Math.round((heldMs * clockRate) / 1000))
    this.#payload[0] = event
    this.#payload[1] = (over ? 0x80 : 0) | volume
    this.#payload[2] = duration >>> 8
    this.#payload[3] = duration
    return { marker: first, begins: first, payloadType, payload: this.#payload }
  }

  /** Sent, replaced or the leg closed: whoever waits is told. */
  finish(): void {
    for (const done of this.#done.splice(0)) done()
  }
}
