// A UDP wire on the virtual clock between drive loops: seeded loss, delay and duplication. Stands in for net/sip-transports.
import type { openSipTransports } from '../../../src/net/sip-transports.ts'
import type { TransportFlow } from '../../../src/sip/flow.ts'
import type { VirtualClock } from '../../virtual-clock.ts'
import { type LinkQuality, seededRandom } from '../sip/virtual-network.ts'

type Opener = typeof openSipTransports
type Listener = Parameters<Opener>[1]

export interface Datagram {
  readonly from: string
  readonly to: TransportFlow
  readonly bytes: Uint8Array
}

export class Wire {
  readonly random: () => number
  /** Told of every datagram that leaves an end, lost or not. */
  onSent: (datagram: Datagram) => void = () => undefined
  readonly #clock: VirtualClock
  readonly #quality: LinkQuality
  readonly #ends = new Map<string, Listener>()

  constructor(clock: VirtualClock, seed: number, quality: LinkQuality) {
    this.#clock = clock
    this.#quality = quality
    this.random = seededRandom(seed)
  }

  /** An opener for one end with this address. */
  end(address: string): Opener {
    return async ({ port }, listener) => {
      this.#ends.set(`${address}:${port}`, listener)
      return {
        send: (flow, bytes) => {
          this.onSent({ from: address, to: flow, bytes })
          if (this.random() < this.#quality.loss) return
          const copies = this.random() < this.#quality.duplication ? 2 : 1
          for (let copy = 0; copy < copies; copy += 1) this.#carry(`${address}:${port}`, flow, bytes)
        },
        reload: () => undefined,
        close: async () => void this.#ends.delete(`${address}:${port}`),
      }
    }
  }

  #carry(from: string, to: { readonly remoteAddress: string; readonly remotePort: number }, bytes: Uint8Array): void {
    const [remoteAddress = '', port] = from.split(':')
    const [least, most] = this.#quality.delay
    this.#clock.after(least + this.random() * (most - least), () => {
      const listener = this.#ends.get(`${to.remoteAddress}:${to.remotePort}`)
      listener?.received({ transport: 'UDP', remoteAddress, remotePort: Number(port) }, bytes)
    })
  }
}
