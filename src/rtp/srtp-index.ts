// Packet indices of received streams: the 48-bit index behind a 16-bit sequence number (RFC 3711 §3.3.1, Appendix A), and the window that
// keeps replays out (§3.3.2).
import { distance16 } from '../base/serial.ts'

/** Indices wrap never: a master key is good for 2^48 RTP and 2^31 RTCP packets (§9.2). */
export const rtpIndices = 2 ** 48
export const rtcpIndices = 2 ** 31

/** The index nearest to `highest` with this sequence number; negative when it would lie before the stream's beginning. */
export function estimateIndex(highest: number, sequence: number): number {
  const last = highest % 0x1_0000
  const distance = distance16(last, sequence)
  // The one tie: half the circle away counts as the same rollover.
  return distance === -0x8000 && last < 0x8000 ? highest + 0x8000 : highest + distance
}

/** How many packets behind the newest one may come and still be taken: five seconds of 20 ms packets. */
export const windowLength = 256

/** Remembers which of the newest indices were taken. */
export class ReplayWindow {
  readonly #taken = new Int32Array(windowLength / 32)
  #highest = -1

  /** The highest index taken; -1 before the first. */
  get highest(): number {
    return this.#highest
  }

  /** False for what was taken before, or lies too far back to know. */
  isNew(index: number): boolean {
    if (index > this.#highest) return true
    if (index < 0 || index <= this.#highest - windowLength) return false
    return ((this.#taken[wordOf(index)] ?? 0) & bitOf(index)) === 0
  }

  /** Takes an index that is new; only after its packet was authenticated. */
  take(index: number): void {
    if (index > this.#highest) this.#advance(index)
    const word = wordOf(index)
    this.#taken[word] = (this.#taken[word] ?? 0) | bitOf(index)
  }

  #advance(index: number): void {
    const first = Math.max(this.#highest + 1, index - windowLength + 1)
    for (let passed = first; passed <= index; passed += 1) {
      const word = wordOf(passed)
      this.#taken[word] = (this.#taken[word] ?? 0) & ~bitOf(passed)
    }
    this.#highest = index
  }
}

const wordOf = (index: number): number => Math.floor((index % windowLength) / 32)
const bitOf = (index: number): number => 1 << (index % 32)
