// What jitter buffers have in common: slots and rings that none of them needs now. A stream of which nobody looks at packets has none of its own,
// and one that goes on takes what another has left, still warm in the processor's cache.

/** A packet in the ring. `bytes` is the slot's own storage, `length` of it in use. */
export interface BufferedPacket {
  readonly bytes: Uint8Array
  readonly length: number
  readonly sequence: number
  readonly timestamp: number
  /** How long it lasts, in units of the RTP clock. */
  readonly units: number
  /** Monotonic milliseconds. */
  readonly arrival: number
  /** Digital silence: `length` counts, `bytes` does not. */
  readonly silent: boolean
}

export type Slot = { -readonly [K in keyof BufferedPacket]: BufferedPacket[K] } & {
  /** In a list of free slots. */
  next: Slot | undefined
}

/** By the lower bits of the sequence number; a power of two of them. */
export type Ring = (Slot | undefined)[]

/** What `take` found: a packet and the units missing before it. Reused by every call. */
export interface Taken {
  packet: BufferedPacket | undefined
  /** The packet after the gap, when there was none to take: it may tell what was in the gap. */
  next: BufferedPacket | undefined
  /** Units between the cursor and the packet, or the next one; negative when its start was already concealed. */
  gap: number
  /** Sequence numbers are missing before the packet; otherwise the sender paused. */
  loss: boolean
  /** Nothing is stored at all. */
  empty: boolean
}

/** Packets that fit into a ring at first: the longest delay in packets of 10 ms. */
export const usualCapacity = 16
/** Kept, at most. More were in use at once only in a storm. */
const mostSlots = 256
const mostRings = 256

const empty = new Uint8Array(0)

export class SpareSlots {
  readonly taken: Taken = { packet: undefined, next: undefined, gap: 0, loss: false, empty: true }
  /** The first of these are spare, for emptying the list would throw its storage away. */
  readonly #rings: Ring[] = []
  #ringCount = 0
  #slots: Slot | undefined
  #count = 0

  slot(): Slot {
    const slot = this.#slots
    if (slot === undefined) return newSlot()
    this.#slots = slot.next
    slot.next = undefined
    this.#count -= 1
    return slot
  }

  /** Takes all slots of a list. */
  give(list: Slot | undefined): void {
    let slot = list
    while (slot !== undefined && this.#count < mostSlots) {
      const { next } = slot
      slot.next = this.#slots
      this.#slots = slot
      this.#count += 1
      slot = next
    }
  }

  /** An empty one of the usual capacity. */
  ring(): Ring {
    const ring = this.#ringCount > 0 ? this.#rings[this.#ringCount - 1] : undefined
    if (!ring) return new Array<Slot | undefined>(usualCapacity).fill(undefined)
    this.#ringCount -= 1
    return ring
  }

  giveRing(ring: Ring): void {
    if (ring.length !== usualCapacity || this.#ringCount === mostRings) return
    ring.fill(undefined)
    this.#rings[this.#ringCount] = ring
    this.#ringCount += 1
  }
}

export function newSlot(): Slot {
  return { bytes: empty, length: 0, sequence: 0, timestamp: 0, units: 0, arrival: 0.5, silent: false, next: undefined }
}
