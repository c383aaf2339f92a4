// How much delay an input needs: watches by how much packets beat their deadline and how often one is late, and asks for more or less.
// Depth alone would not tell: the same depth is plenty or too little, depending on the phase between sender and tick.

/** What is to happen to the delay with the next frame. */
export type Adjustment = 'none' | 'grow' | 'shrink'

const maxTarget = 5
/** An input whose packets come this much before they are due needs no more delay. */
const safetyMs = 10
/** Below this the next late packet would punch a hole. */
const dangerMs = 4
/** Delay above what is needed that is let be. */
const slackMs = 25
/** Margins are judged over this many frames. */
const blockFrames = 50
/** And over this many while the delay is being brought to where it should be. */
const stepFrames = 10
/** Blocks in a row with too much margin before the delay shrinks. */
const calmBlocks = 3
/** Frames without a late packet before the target comes down by one. */
const quietFrames = 100
/** Frames to see what a higher target brings before it is raised again. */
const growthFrames = 10

export class DelayControl {
  readonly #frameMs: number
  #target = 1
  /** Frames since a packet was late, and since the target grew. */
  #quiet = quietFrames
  #sinceGrowth = 0
  #blockLeft = blockFrames
  #blockMargin = Number.POSITIVE_INFINITY
  #calm = 0

  constructor(frameMs: number) {
    this.#frameMs = frameMs
  }

  /** Frames the buffer wants to hold, 1 to 5. */
  get target(): number {
    return this.#target
  }

  /** How long a packet is to wait before playing begins at it. */
  get primeMs(): number {
    return safetyMs + this.#beyondFirst
  }

  /** A frame's time has passed. */
  frame(): void {
    this.#sinceGrowth += 1
  }

  /** A packet was late. Two soon after each other are jitter and ask for more delay; one alone is an accident. */
  late(): void {
    if (this.#quiet < quietFrames && this.#sinceGrowth >= growthFrames) {
      this.#target = Math.min(maxTarget, this.#target + 1)
      this.#sinceGrowth = 0
    }
    this.#quiet = 0
  }

  /** Playing begins anew: earlier margins mean nothing. */
  begin(): void {
    this.#calm = 0
    this.#nextBlock(blockFrames)
  }

  /** A frame was played whose last packet had come `marginMs` before. */
  played(marginMs: number): Adjustment {
    this.#quiet += 1
    if (this.#quiet % quietFrames === 0 && this.#target > 1) this.#target -= 1
    this.#blockMargin = Math.min(this.#blockMargin, marginMs)
    this.#blockLeft -= 1
    return this.#blockLeft > 0 ? 'none' : this.#judge()
  }

  get #beyondFirst(): number {
    return (this.#target - 1) * this.#frameMs
  }

  #judge(): Adjustment {
    const short = this.#blockMargin < this.#beyondFirst + dangerMs
    this.#calm = this.#blockMargin > this.primeMs + slackMs ? this.#calm + 1 : 0
    const excess = this.#calm >= calmBlocks
    // Well off the mark, every further short block takes a step until the delay fits.
    this.#nextBlock(excess || (short && this.#target > 1) ? stepFrames : blockFrames)
    return excess ? 'shrink' : short ? 'grow' : 'none'
  }

  #nextBlock(frames: number): void {
    this.#blockLeft = frames
    this.#blockMargin = Number.POSITIVE_INFINITY
  }
}
