// What a flow plays on its call: one thing at a time, so that a prompt ends the one before it that still plays.

export class Playback {
  #current: AbortController | undefined

  /** Ends what plays; the answer is aborted when the next one begins. */
  begin(): AbortSignal {
    this.#current?.abort()
    this.#current = new AbortController()
    return this.#current.signal
  }
}
