// A promise that its owner settles, like that of Promise.withResolvers, but made only when somebody asks for it: most of what a call
// could be waited for is never waited for.

export class Deferred {
  #open: PromiseWithResolvers<void> | undefined
  #settled: Promise<void> | undefined

  get promise(): Promise<void> {
    if (this.#settled !== undefined) return this.#settled
    this.#open ??= Promise.withResolvers<void>()
    return this.#open.promise
  }

  /** The first of `resolve` and `reject` counts. */
  resolve(): void {
    this.#settle(({ resolve }) => resolve())
  }

  /** A rejection that nobody waits for is no fault. */
  reject(error: Error): void {
    this.#settle(({ promise, reject }) => {
      promise.catch(() => undefined)
      reject(error)
    })
  }

  #settle(settle: (open: PromiseWithResolvers<void>) => void): void {
    if (this.#settled !== undefined) return
    const open = this.#open ?? Promise.withResolvers<void>()
    this.#open = undefined
    this.#settled = open.promise
    settle(open)
  }
}
