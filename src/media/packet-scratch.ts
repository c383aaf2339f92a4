// Where a thread looks at a packet that came, and puts one together before it is handed over: one place for all legs, so that it never leaves the
// processor's cache.
import { PacketView } from '../rtp/packet.ts'
import { SpareSlots } from '../rtp/spare-slots.ts'

export class PacketScratch {
  /** The packet that is being looked at. Valid until the next one is. */
  readonly received = new PacketView()
  readonly slots = new SpareSlots()
  #bytes = new Uint8Array(2048)
  /** The first octets, by how many. */
  readonly #views: (Uint8Array | undefined)[] = []

  /** The first `length` octets. The same for everybody who asks, and valid until anybody asks for more than there ever was. */
  view(length: number): Uint8Array {
    return this.#views[length] ?? this.#make(length)
  }

  #make(length: number): Uint8Array {
    if (length > this.#bytes.length) {
      this.#bytes = new Uint8Array(2 * length)
      this.#views.length = 0
    }
    const view = this.#bytes.subarray(0, length)
    this.#views[length] = view
    return view
  }
}
