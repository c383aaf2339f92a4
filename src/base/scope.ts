// Ownership: a scope closes its children in reverse order, once, with one reason. See docs/closures.md.

export type Closer = (reason: string) => void | Promise<void>

export class Scope {
  /** Oldest first; replaced, never changed. */
  #closers: readonly Closer[] = []
  readonly #controller = new AbortController()
  #closing: Promise<void> | undefined

  /** Aborted with the reason as soon as closing begins. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** Adopts a child; the returned function lets it go when the child closed by itself. */
  own(close: Closer): () => void {
    this.#closers = this.#closers.concat(close)
    return () => {
      const place = this.#closers.indexOf(close)
      if (place >= 0) this.#closers = this.#closers.toSpliced(place, 1)
    }
  }

  /** Closes every child, newest first. A child's failure does not keep the others open; the first one is rethrown. */
  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason)
    return this.#closing
  }

  async #close(reason: string): Promise<void> {
    this.#controller.abort(new Error(reason))
    const failures: unknown[] = []
    const closers = this.#closers.toReversed()
    this.#closers = []
    for (const close of closers) {
      try {
        await close(reason)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
