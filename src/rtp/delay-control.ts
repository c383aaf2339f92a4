// How much delay an input needs: watches by how much packets beat their deadline, how often and by how much one is late, and how their transit
// times spread. Depth alone would not tell: the same depth is plenty or too little, depending on the phase between sender and tick.

/** What is to happen to the delay with the next frame. */
export type Adjustment = 'none' | 'grow' | 'shrink'

/** Frames of 20 ms; the longest delay that jitter may ask for is 300 ms. */
export const maxTarget = 15
/** An input of which nothing is known yet begins with so much, and one whose packets come this much before they are due needs no more delay. */
const safetyMs = 8
/** The same for one whose transit times have been alike for long. */
const leastSafetyMs = 6
/** Below this the next late packet would punch a hole. */
const dangerMs = 4
/** With less to cut there would be no choice of where speech resembles itself. */
const leastCutMs = 15
/** Margins are judged over this many frames. */
const blockFrames = 50
/** And over this many, spans as well, while the delay is right and there is nothing to be heard that could suffer: who is silent needs less thought. */
const silentBlockFrames = 200
/** Frames between two steps while the delay is being brought to where it should be: the further off, the fewer. */
const stepFrames = 10
const quickStepFrames = 2
/** So far off, milliseconds, that steps are quick. */
const farMs = 45
/** Blocks in a row with too much margin before the delay shrinks. */
const calmBlocks = 3
/** Two late packets within so many frames are jitter; one alone is an accident. */
const quietFrames = 100
/** So long after repeated loss a packet more is kept, if it could tell what was in the one before. */
const lossFrames = 500
/** Transit times are compared over one to two spans of so many frames. */
const spreadFrames = 100

export class DelayControl {
  readonly #frameMs: number
  #target = 1
  /** Frames since a packet was late. */
  #quiet = quietFrames
  /** Frames since a packet was missing whose successor could have told what was in it, and for which one more is kept. */
  #sinceLoss = lossFrames
  #reserveLeft = 0
  #blockLeft = blockFrames
  #blockMargin = Number.POSITIVE_INFINITY
  /** Something was played in this block that was not silence. */
  #heard = true
  #calm = 0
  /** The fewest whole frames that could have gone in any of the calm blocks. */
  #calmFrames = Number.POSITIVE_INFINITY
  /** Milliseconds of a packet that are left after a frame: delay that wins no time, since packets are needed as wholes. */
  #leftoverMs = 0
  #change = 0
  #stepLeft = 0
  #spanLeft = spreadFrames
  #least = Number.POSITIVE_INFINITY
  #most = Number.NEGATIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY
  #mostBefore = Number.NEGATIVE_INFINITY

  constructor(frameMs: number) {
    this.#frameMs = frameMs
  }

  /** Frames that jitter asks to hold, 1 to `maxTarget`. */
  get target(): number {
    return this.#target
  }

  /** How long a packet is to wait before playing begins at it. */
  get primeMs(): number {
    return safetyMs + (this.#target - 1) * this.#frameMs + this.#reserveMs
  }

  /** A packet came that was sent `transitMs` before by the sender's clock, whose zero is unknown. */
  arrived(transitMs: number): void {
    this.#least = Math.min(this.#least, transitMs)
    this.#most = Math.max(this.#most, transitMs)
  }

  /** A frame's time has passed. */
  frame(): void {
    this.#quiet += 1
    this.#sinceLoss += 1
    this.#reserveLeft -= 1
    this.#spanLeft -= 1
    if (this.#spanLeft > 0) return
    this.#spanLeft = spreadFrames
    // The target comes down to what the last spans needed, once nothing was late for a span.
    if (this.#quiet >= quietFrames) this.#target = Math.min(this.#target, this.#needed)
    this.#leastBefore = this.#least
    this.#mostBefore = this.#most
    this.#least = Number.POSITIVE_INFINITY
    this.#most = Number.NEGATIVE_INFINITY
  }

  /** A packet came at least `byMs` too late. Two soon after each other are jitter and ask for more delay; one alone is an accident. */
  late(byMs: number): void {
    if (this.#quiet < quietFrames) {
      const wanted = this.#target + Math.max(1, Math.ceil(byMs / this.#frameMs))
      this.#target = Math.max(this.#target, Math.min(wanted, this.#needed))
      this.#change = Math.max(this.#change, this.#wholeFrames(byMs + dangerMs))
    }
    this.#quiet = 0
  }

  /** A packet was missing, and the next one, which could have told what was in it, not there yet. */
  lost(): void {
    if (this.#sinceLoss < quietFrames) this.#reserveLeft = lossFrames
    this.#sinceLoss = 0
  }

  /** Playing begins anew: earlier margins mean nothing. */
  begin(): void {
    this.#change = 0
    this.#calm = 0
    this.#calmFrames = Number.POSITIVE_INFINITY
    this.#nextBlock()
    // Spans end together with blocks from now on: the fewer frames need thought, the longer is all `uneventful` between them.
    const spanLeft = blockFrames * Math.ceil((this.#spanLeft + 1) / blockFrames)
    this.#spanLeft = Math.min(spanLeft, spreadFrames) - 1
  }

  /** What is played in this frame, counted already, is no silence: the delay matters from now on. */
  sounds(): void {
    this.#heard = true
    if (this.#blockLeft <= blockFrames) return
    // By whole blocks, so that this one and its span still end together, and not in this frame, whose span was looked at.
    const sooner = blockFrames * Math.floor((this.#blockLeft - 2) / blockFrames)
    this.#blockLeft -= sooner
    this.#spanLeft -= sooner
  }

  /** Milliseconds by which the delay is to change; positive for more of it. */
  get change(): number {
    return this.#change
  }

  /** The delay was changed by so many milliseconds. */
  changed(byMs: number): void {
    const left = this.#change - byMs
    const goesOn = Math.sign(left) === Math.sign(this.#change) && (left > 0 || left <= -leastCutMs)
    this.#change = goesOn ? left : 0
  }

  /** The sender's clock jumped: earlier transit times mean nothing. */
  forget(): void {
    this.#least = Number.POSITIVE_INFINITY
    this.#most = Number.NEGATIVE_INFINITY
    this.#leastBefore = Number.POSITIVE_INFINITY
    this.#mostBefore = Number.NEGATIVE_INFINITY
  }

  /** A frame was played whose last packet had come `marginMs` before, and of which `leftoverMs` are left. */
  played(marginMs: number, leftoverMs: number): Adjustment {
    this.#leftoverMs = leftoverMs
    this.#blockMargin = Math.min(this.#blockMargin, marginMs)
    this.#blockLeft -= 1
    if (this.#blockLeft <= 0) this.#judge()
    this.#stepLeft -= 1
    if (this.#change === 0 || this.#stepLeft > 0) return 'none'
    this.#stepLeft = Math.abs(this.#change) > farMs ? quickStepFrames : stepFrames
    return this.#change > 0 ? 'grow' : 'shrink'
  }

  /** Frames of silence of which none would change anything: as many can `pass` at once. */
  get uneventful(): number {
    return this.#change === 0 ? Math.min(this.#spanLeft, this.#blockLeft) - 1 : 0
  }

  /** So many frames, `uneventful` at most, passed and were played; the least of their margins. */
  pass(frames: number, leastMarginMs: number): void {
    this.#quiet += frames
    this.#sinceLoss += frames
    this.#reserveLeft -= frames
    this.#spanLeft -= frames
    this.#blockLeft -= frames
    this.#stepLeft -= frames
    this.#blockMargin = Math.min(this.#blockMargin, leastMarginMs)
  }

  /** By how much the transit times of the last spans differ, milliseconds. */
  get #spread(): number {
    return Math.max(this.#most, this.#mostBefore) - Math.min(this.#least, this.#leastBefore)
  }

  /** Frames that the spread of transit times asks for. */
  get #needed(): number {
    return Math.max(1, Math.min(maxTarget, Math.ceil((this.#spread - safetyMs) / this.#frameMs) + 1))
  }

  get #safetyMs(): number {
    return Math.max(leastSafetyMs, Math.min(safetyMs, dangerMs + this.#spread))
  }

  get #reserveMs(): number {
    return this.#reserveLeft > 0 ? this.#frameMs : 0
  }

  /** A tick takes whole frames out of whole packets: only a whole frame more, leftovers included, moves the time by which a packet is needed. */
  #wholeFrames(ms: number): number {
    const frames = Math.ceil(ms / this.#frameMs)
    return frames * this.#frameMs - this.#leftoverMs
  }

  #judge(): void {
    const margin = this.#blockMargin
    const reserve = this.#reserveMs
    const frames = Math.max(0, Math.floor((margin - this.#safetyMs - reserve) / this.#frameMs))
    const leftover = this.#leftoverMs >= leastCutMs ? this.#leftoverMs : 0
    this.#calmFrames = Math.min(this.#calmFrames, frames)
    this.#calm = frames > 0 || leftover > 0 ? this.#calm + 1 : 0
    if (margin < dangerMs + reserve) {
      this.#change = Math.max(this.#change, this.#wholeFrames(dangerMs + reserve - margin))
      this.#calm = 0
    } else if (this.#calm >= calmBlocks) {
      this.#change = -(this.#calmFrames * this.#frameMs + leftover)
    } else if (this.#change < 0 && this.#calm === 0) {
      this.#change = 0
    }
    if (this.#calm === 0 || this.#calm >= calmBlocks) {
      this.#calm = 0
      this.#calmFrames = Number.POSITIVE_INFINITY
    }
    const steady = !this.#heard && this.#change === 0 && this.#calm === 0
    this.#nextBlock()
    if (!steady) return
    this.#blockLeft = silentBlockFrames
    this.#spanLeft = silentBlockFrames
  }

  #nextBlock(): void {
    this.#blockLeft = blockFrames
    this.#blockMargin = Number.POSITIVE_INFINITY
    this.#heard = false
  }
}
