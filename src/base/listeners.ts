// Those who want to be told of something. The list is replaced, never changed: who begins or stops to listen while the others are told
// changes nothing for them, and while nobody listens it takes no room.

const nobody: readonly never[] = []

export class Listeners<Told extends readonly unknown[]> {
  #all: readonly ((...told: Told) => void)[] = nobody

  /** Answers how to stop listening. */
  add(listener: (...told: Told) => void): () => void {
    this.#all = this.#all.concat(listener)
    return () => {
      this.#all = this.#all.filter((each) => each !== listener)
    }
  }

  tell(...told: Told): void {
    for (const listener of this.#all) listener(...told)
  }

  clear(): void {
    this.#all = nobody
  }
}
