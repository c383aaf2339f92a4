// How hard encoders try. When ticks grow long, cheaper encoding is the first thing to give: it costs a little quality, lateness costs everyone's.

/** The scale of libopus: 0 cheapest, 10 best. Above 5 nothing is gained at the bit rates of speech. */
const most = 5
/** Ticks that are judged together: a second. */
const span = 50
/** Average milliseconds of a tick of 20 above which less is done, and below which more. */
const tooLongMs = 11
const shortMs = 5

export class EncodingEffort {
  #complexity = most
  #ticks = 0
  #busyMs = 0

  /** What encoders that know such a thing are to be set to. */
  get complexity(): number {
    return this.#complexity
  }

  /** A tick took so long. */
  observe(ms: number): void {
    this.#busyMs += ms
    this.#ticks += 1
    if (this.#ticks < span) return
    const average = this.#busyMs / this.#ticks
    this.#ticks = 0
    this.#busyMs = 0
    if (average > tooLongMs) this.#complexity = Math.max(0, this.#complexity - 2)
    else if (average < shortMs) this.#complexity = Math.min(most, this.#complexity + 1)
  }
}
