// Seats participants by SIP calls. The audio belongs to the load generator, so an offer names its ports.
import { writeDescription } from '../../demo/phone/sip-text.ts'
import { SipCalls } from '../sip-calls.ts'
import { type BenchCodec, loopback, type Seat } from './bridge.ts'

const opusType = 96

function offer(codec: BenchCodec, port: number): string {
  if (codec === 'PCMU')
    return writeDescription({ address: loopback, port, payloadTypes: [0], direction: 'sendrecv' }, 1)
  const lines = ['v=0', `o=bench ${port} 1 IN IP4 ${loopback}`, 's=-', `c=IN IP4 ${loopback}`, 't=0 0']
  const media = [`m=audio ${port} RTP/AVP ${opusType}`, `a=rtpmap:${opusType} opus/48000/2`, 'a=ptime:20', 'a=sendrecv']
  return [...lines, ...media, ''].join('\r\n')
}

export class Dialler {
  readonly #codec: BenchCodec
  readonly #calls: SipCalls

  static async open(codec: BenchCodec): Promise<Dialler> {
    return new Dialler(await SipCalls.open(), codec)
  }

  constructor(calls: SipCalls, codec: BenchCodec) {
    this.#calls = calls
    this.#codec = codec
  }

  /** Calls that the far end hung up. */
  get endedByServer(): number {
    return this.#calls.endedByServer
  }

  async dial(uri: string, rtpPort: number): Promise<Seat> {
    const { address, port, payloadType, hangUp } = await this.#calls.dial(uri, offer(this.#codec, rtpPort))
    return {
      address,
      port,
      payloadType,
      async leave() {
        await hangUp()
      },
    }
  }

  close(): void {
    this.#calls.close()
  }
}
