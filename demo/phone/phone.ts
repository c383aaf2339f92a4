// A small SIP phone for one call: dials or answers, says what its sound source gives it and hands on what it hears.
// The demo, the end-to-end tests and the load tests use it.
import type { PhoneCodec } from './g711.ts'
import { Line, type LineEnd, type LineReply } from './line.ts'
import { PhoneMedia } from './media.ts'
import type { Metronome } from './metronome.ts'
import { bind, type HeardFrame, type MediaCounters } from './rtp.ts'
import { type SoundSource, silence } from './sound.ts'

export interface PhoneOptions {
  readonly name: string
  /** Numeric address to bind and to be reached at. */
  readonly localAddress: string
  readonly metronome: Metronome
  readonly codec?: PhoneCodec
  readonly source?: SoundSource
  /** Picks up a call at once; otherwise it is answered 486. */
  readonly autoAnswer?: boolean
  readonly onFrame?: (frame: HeardFrame) => void
}

export interface Phone {
  /** Where the phone can be rung. */
  readonly uri: string
  /** Time from INVITE to ACK in milliseconds. Throws when the call is refused or not answered. */
  invite(uri: string): Promise<number>
  /** Puts the far end on hold (we send and do not listen) or takes it back. */
  hold(on: boolean): Promise<void>
  bye(): Promise<void>
  /** Resolves when a call that came in was answered and acknowledged. */
  readonly answered: Promise<void>
  /** Resolves when the call ended, whoever ended it. */
  readonly ended: Promise<LineEnd>
  counters(): MediaCounters
  close(): void
}

/** Binds the phone's sockets; close it to free them. */
export async function createPhone(options: PhoneOptions): Promise<Phone> {
  const { name, localAddress, metronome, codec = 'PCMU', source = silence, onFrame = () => {} } = options
  const media = await PhoneMedia.open({ localAddress, metronome, codec, source, onFrame })
  const answered = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<LineEnd>()
  let talking = false

  function onOffer(offer: string | undefined): LineReply {
    if (!talking && options.autoAnswer !== true) return { status: 486, body: '' }
    const body = offer === undefined ? media.describe('sendrecv') : media.answer(offer)
    talking ||= body !== undefined
    return body === undefined ? { status: 488, body: '' } : { status: 200, body }
  }

  function onEnded(end: LineEnd): void {
    media.stop()
    ended.resolve(end)
  }

  function onConfirmed(body: string): void {
    if (body !== '') media.follow(body)
    answered.resolve()
  }

  const line = new Line(await bind(localAddress, 0), { name, onOffer, onConfirmed, onEnded })

  /** An offer of ours was answered. */
  function settle(what: string, { status, body }: LineReply): void {
    if (status >= 300) throw new Error(`${name}: ${what} was answered with ${status}`)
    if (!media.follow(body)) throw new Error(`${name}: ${what} was answered without ${codec}`)
    talking = true
  }

  return {
    uri: line.uri,
    answered: answered.promise,
    ended: ended.promise,
    async invite(uri) {
      const reply = await line.invite(uri, media.describe('sendrecv'))
      settle(`the call to ${uri}`, reply)
      return reply.setUpMs
    },
    async hold(on) {
      settle(on ? 'hold' : 'resume', await line.reinvite(media.describe(on ? 'sendonly' : 'sendrecv')))
    },
    bye: () => line.bye(),
    counters: () => media.counters(),
    close() {
      media.close()
      line.close()
    },
  }
}
