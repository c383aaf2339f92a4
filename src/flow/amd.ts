// Answering-machine detection by energy and timing alone: people who answer say a few words and wait, machines go on.
// It is fed with the turns of a talk detector (dsp/talk-detector.ts), whose delays are taken off again.

/** All in milliseconds, of the call's audio since it was answered, but for the count of turns. */
export const amdThresholds = {
  /** Nobody has said a word: a machine that is still winding up. */
  initialSilence: 3000,
  /** Talk in all turns together; people greet shorter than this. */
  greeting: 2800,
  /** Silence after a greeting: somebody waits for an answer. */
  pause: 1000,
  /** As many turns, none followed by a pause, are sentences of a machine. */
  words: 4,
  /** Without a verdict until then there will be none. */
  total: 8000,
} as const

/** How late the talk detector tells that talk began and ended, ms. */
const startDelay = 60
const stopDelay = 700

export interface Verdict {
  readonly result: 'human' | 'machine' | 'unknown'
  readonly reason: 'initial_silence' | 'long_greeting' | 'many_words' | 'pause_after_greeting' | 'time_up'
}

export class AnsweringMachineDetector {
  readonly #start: number
  #verdict: Verdict | undefined
  #talking = false
  /** When the present turn or silence began, without the detector's delay. */
  #since: number
  /** Of the turns that are over. */
  #talked = 0
  #turns = 0

  /** @param startMs when the call was answered */
  constructor(startMs: number) {
    this.#start = startMs
    this.#since = startMs
  }

  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  /** When `look` will find a verdict if nothing else happens before. */
  get deadline(): number {
    return Math.min(this.#start + amdThresholds.total, this.#limit().at)
  }

  /** The far end began or ended to talk, as the talk detector told at `atMs`. */
  talking(talking: boolean, atMs: number): void {
    if (talking === this.#talking) return
    this.look(atMs)
    this.#talking = talking
    if (talking) {
      this.#since = Math.max(this.#start, atMs - startDelay)
      this.#turns += 1
      if (this.#turns >= amdThresholds.words) this.#verdict ??= { result: 'machine', reason: 'many_words' }
    } else {
      const ended = Math.max(this.#since, atMs - stopDelay)
      this.#talked += ended - this.#since
      this.#since = ended
    }
  }

  /** Time has passed until `atMs`. The first verdict stays. */
  look(atMs: number): void {
    const { at, verdict } = this.#limit()
    if (atMs >= at) this.#verdict ??= verdict
    else if (atMs >= this.#start + amdThresholds.total) this.#verdict ??= { result: 'unknown', reason: 'time_up' }
  }

  #limit(): { readonly at: number; readonly verdict: Verdict } {
    const { initialSilence, greeting, pause } = amdThresholds
    if (this.#talking) {
      // The talk may have ended already without our knowing.
      const at = this.#since + greeting - this.#talked + stopDelay
      return { at, verdict: { result: 'machine', reason: 'long_greeting' } }
    }
    if (this.#turns === 0) {
      return { at: this.#start + initialSilence, verdict: { result: 'machine', reason: 'initial_silence' } }
    }
    // Talk may have begun again without our knowing.
    return { at: this.#since + pause + startDelay, verdict: { result: 'human', reason: 'pause_after_greeting' } }
  }
}
