// What we know of one incoming RTP stream: sequence tracking (RFC 3550 §A.1), loss (§A.3) and jitter (§A.8), duplicates, SSRC changes.
// Unlike §A.1 there is no probation: the source check in front of it has already vouched for the sender.
import { distance16, distance32 } from '../base/serial.ts'
import type { RtpHeader } from './packet.ts'
import type { SilentRun } from './silent-run.ts'

const maxDropout = 3000
const maxMisorder = 100
/** Packets remembered to tell a late one from a duplicate, two words of bits: more than may come late. */
const memory = 64
const wordBits = 32
const cycle = 0x1_0000

/** `restart`: a new SSRC, or the sender jumped; whatever was buffered belongs to the past. `jump`: refused until the next one confirms it. */
export type Arrival = 'inOrder' | 'reordered' | 'duplicate' | 'jump' | 'restart'

export class ReceiveStream {
  #clockRate: number
  /** The highest packet is the lowest bit of `#recent`, the one before it the next, and so on into `#earlier`. */
  #recent = 0
  #earlier = 0
  #started = false
  /** As a signed number, which needs no storage of its own. */
  #ssrc = 0
  /** Extended sequence numbers: (cycles + 1) · 65536 + sequence, so that one from before the first is still positive. */
  #base = 0
  #highest = 0
  #badNext = -1
  #received = 0
  #duplicates = 0
  #expectedPrior = 0
  #receivedPrior = 0
  #lostBefore = 0
  #expectedBefore = 0
  #duplicatesBefore = 0
  #transit = 0
  #transitKnown = false
  #jitter = 0

  constructor(clockRate: number) {
    this.#clockRate = clockRate
  }

  get started(): boolean {
    return this.#started
  }

  get ssrc(): number {
    return this.#ssrc >>> 0
  }

  get duplicates(): number {
    return this.#duplicates
  }

  /** Extended highest sequence number, as an unsigned 32-bit number. */
  get highestSequence(): number {
    return this.#started ? (this.#highest - cycle) >>> 0 : 0
  }

  /** Interarrival jitter in timestamp units. */
  get jitter(): number {
    return Math.floor(this.#jitter)
  }

  get jitterMs(): number {
    return (this.#jitter * 1000) / this.#clockRate
  }

  get clockRate(): number {
    return this.#clockRate
  }

  /** The sender goes on with another codec, whose timestamps count otherwise. */
  set clockRate(rate: number) {
    if (rate === this.#clockRate) return
    this.#clockRate = rate
    this.#transitKnown = false
    this.#jitter = 0
  }

  /** Sequence numbers that were to come, over all SSRCs of this stream. */
  get expected(): number {
    return this.#expectedBefore + (this.#started ? this.#highest - this.#base + 1 : 0)
  }

  /** Packets that never came, over all SSRCs of this stream; duplicates do not make up for them. */
  get lost(): number {
    return this.#lostBefore + this.#lostNow()
  }

  /** Expected less received, duplicates included: the figure of a reception report (§6.4.1), of the present SSRC. */
  get cumulativeLost(): number {
    return this.#started ? this.#highest - this.#base + 1 - this.#received : 0
  }

  /** Takes a header into account. */
  receive(header: RtpHeader): Arrival {
    if (!this.#started || (header.ssrc | 0) !== this.#ssrc) {
      const first = !this.#started
      this.#restart(header)
      return first ? 'inOrder' : 'restart'
    }
    const step = distance16(this.#highest & 0xffff, header.sequence)
    if (step >= maxDropout || step <= -maxMisorder) return this.#farOff(header)
    const extended = this.#highest + step
    this.#received += 1
    if (step > 0) this.#shift(step)
    if (!this.#mark(Math.max(0, -step))) {
      this.#duplicates += 1
      return 'duplicate'
    }
    if (extended < this.#base) this.#base = extended
    if (step > 0) this.#highest = extended
    this.#badNext = -1
    return step > 0 ? 'inOrder' : 'reordered'
  }

  /** Jitter of a media packet that arrived at `now`, monotonic milliseconds (§A.8); events, whose timestamp stands still, are left out by the caller. */
  measureJitter(timestamp: number, now: number): void {
    const transit = (Math.round((now * this.#clockRate) / 1000) - timestamp) | 0
    const change = Math.abs(distance32(this.#transit, transit))
    this.#transit = transit
    // A jump of a second is a new timestamp base, not jitter.
    if (this.#transitKnown && change < this.#clockRate) this.#jitter += (change - this.#jitter) / 16
    this.#transitKnown = true
  }

  /** Begins a run of packets in order at the next one; false while it is not known which that is. */
  rest(run: SilentRun): boolean {
    if (!this.#started || this.#badNext >= 0 || !this.#transitKnown) return false
    run.ssrc = this.ssrc
    run.clockRate = this.#clockRate
    run.sequence = (this.#highest + 1) & 0xffff
    run.transit = this.#transit
    run.jitter = this.#jitter
    return true
  }

  /** Takes the packets of a run into account. */
  wake(run: SilentRun): void {
    this.#received += run.received
    this.#highest += run.received
    this.#transit = run.transit
    this.#jitter = run.jitter
    for (let left = run.received; left > 0; left -= wordBits - 1) {
      const step = Math.min(left, wordBits - 1)
      this.#shift(step)
      this.#recent |= (1 << step) - 1
    }
  }

  /** Fraction lost since the last call, in 1/256 (§A.3). */
  takeFractionLost(): number {
    const expected = this.#started ? this.#highest - this.#base + 1 : 0
    const expectedNow = expected - this.#expectedPrior
    const lostNow = expectedNow - (this.#received - this.#receivedPrior)
    this.#expectedPrior = expected
    this.#receivedPrior = this.#received
    return expectedNow <= 0 || lostNow <= 0 ? 0 : Math.min(255, Math.floor((lostNow * 256) / expectedNow))
  }

  /** Packets that were newest are `step` before the newest from now on. */
  #shift(step: number): void {
    if (step === 1) {
      this.#earlier = (this.#earlier << 1) | (this.#recent >>> (wordBits - 1))
      this.#recent <<= 1
    } else if (step < wordBits) {
      this.#earlier = (this.#earlier << step) | (this.#recent >>> (wordBits - step))
      this.#recent <<= step
    } else {
      this.#earlier = step < memory ? this.#recent << (step - wordBits) : 0
      this.#recent = 0
    }
  }

  /** Notes the packet that is `age` before the newest. Returns false when it was noted already; what is too old to know counts as new. */
  #mark(age: number): boolean {
    if (age >= memory) return true
    const bit = 1 << (age % wordBits)
    const word = age < wordBits ? this.#recent : this.#earlier
    if ((word & bit) !== 0) return false
    if (age < wordBits) this.#recent |= bit
    else this.#earlier |= bit
    return true
  }

  #farOff(header: RtpHeader): Arrival {
    if (header.sequence === this.#badNext) {
      this.#restart(header)
      return 'restart'
    }
    this.#badNext = (header.sequence + 1) & 0xffff
    return 'jump'
  }

  #lostNow(): number {
    return this.#started ? Math.max(0, this.cumulativeLost + this.#duplicates - this.#duplicatesBefore) : 0
  }

  #restart(header: RtpHeader): void {
    this.#expectedBefore = this.expected
    this.#lostBefore += this.#lostNow()
    this.#duplicatesBefore = this.#duplicates
    this.#started = true
    this.#ssrc = header.ssrc | 0
    this.#base = cycle + header.sequence
    this.#highest = this.#base
    this.#badNext = -1
    this.#received = 1
    this.#expectedPrior = 0
    this.#receivedPrior = 0
    this.#transitKnown = false
    this.#jitter = 0
    this.#recent = 1
    this.#earlier = 0
  }
}
