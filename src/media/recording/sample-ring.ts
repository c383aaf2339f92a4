// Samples between the tick and a file thread: one writer, one reader, shared memory, no lock, no allocation once it stands.
// Blocks carry their own rate, so that a mix may change its rate in the middle; silence is a count and takes no room.

/** What a block holds. `skip` fills the end of the storage, where no block fits in one piece. */
const blockKind = { skip: 0, audio: 1, silence: 2 } as const

/** Words of 16 bits before the samples: kind, rate / 50, low and high half of the count. */
const headWords = 4
const head = 0
const tail = 1

/** Storage of a ring, to be posted to the other thread. */
export interface RingMemory {
  readonly control: SharedArrayBuffer
  readonly samples: SharedArrayBuffer
}

/** Receives what is read. `samples` is valid during the call. */
export interface RingReader {
  audio(samples: Int16Array, rate: number): void
  silence(count: number, rate: number): void
}

/** @param words capacity in 16-bit words, a power of two */
export function createRingMemory(words: number): RingMemory {
  return { control: new SharedArrayBuffer(8), samples: new SharedArrayBuffer(words * 2) }
}

/** Words a block of that many samples takes: blocks start at multiples of four. */
const wordsOf = (count: number): number => headWords + ((count + 3) & ~3)

export class SampleRing {
  readonly #control: Int32Array
  readonly #samples: Int16Array
  readonly #capacity: number
  /** Samples of the next block that `take` gave out already. */
  #taken = 0

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control)
    this.#samples = new Int16Array(memory.samples)
    this.#capacity = this.#samples.length
  }

  /** Words in use. */
  get used(): number {
    return (Atomics.load(this.#control, head) - Atomics.load(this.#control, tail)) | 0
  }

  get empty(): boolean {
    return this.used === 0
  }

  /** Appends a block; false, and nothing happened, when there is no room. */
  writeAudio(samples: Int16Array, rate: number): boolean {
    const at = this.#reserve(wordsOf(samples.length))
    if (at < 0) return false
    this.#samples.set(samples, at + headWords)
    this.#describe(at, blockKind.audio, rate)
    this.#publish(at, samples.length, wordsOf(samples.length))
    return true
  }

  /** Appends `count` samples of silence, at most 2^31. */
  writeSilence(count: number, rate: number): boolean {
    const at = this.#reserve(headWords)
    if (at < 0) return false
    this.#describe(at, blockKind.silence, rate)
    this.#publish(at, count, headWords)
    return true
  }

  /** Hands over one block; false when there is none. */
  readBlock(reader: RingReader): boolean {
    const at = this.#nextBlock()
    if (at < 0) return false
    const count = this.#count(at)
    const rate = (this.#samples[at + 1] ?? 0) * 50
    const audio = this.#samples[at] === blockKind.audio
    if (audio) reader.audio(this.#samples.subarray(at + headWords, at + headWords + count), rate)
    else reader.silence(count, rate)
    this.#release(audio ? wordsOf(count) : headWords)
    return true
  }

  /** Fills `into` with the next samples, across blocks and without allocating; returns how many there were. For blocks of one rate. */
  take(into: Int16Array): number {
    let filled = 0
    while (filled < into.length) {
      const at = this.#nextBlock()
      if (at < 0) break
      const left = this.#count(at) - this.#taken
      const count = Math.min(left, into.length - filled)
      const audio = this.#samples[at] === blockKind.audio
      const from = at + headWords + this.#taken
      for (let index = 0; index < count; index += 1)
        into[filled + index] = audio ? (this.#samples[from + index] ?? 0) : 0
      filled += count
      this.#taken += count
      if (count < left) break
      this.#taken = 0
      this.#release(audio ? wordsOf(this.#count(at)) : headWords)
    }
    return filled
  }

  /** Forgets everything that waits. For the reader only. */
  clear(): void {
    Atomics.store(this.#control, tail, Atomics.load(this.#control, head))
  }

  /** Place for a block in one piece, past the end of the storage if need be; −1 without room. */
  #reserve(words: number): number {
    const position = Atomics.load(this.#control, head)
    const at = position & (this.#capacity - 1)
    const left = this.#capacity - at
    const padding = left < words ? left : 0
    if (this.used + padding + words > this.#capacity) return -1
    if (padding === 0) return at
    this.#samples[at] = blockKind.skip
    Atomics.store(this.#control, head, (position + padding) | 0)
    return 0
  }

  #describe(at: number, kind: number, rate: number): void {
    this.#samples[at] = kind
    this.#samples[at + 1] = rate / 50
  }

  #publish(at: number, count: number, words: number): void {
    this.#samples[at + 2] = count & 0xffff
    this.#samples[at + 3] = count >>> 16
    Atomics.store(this.#control, head, (Atomics.load(this.#control, head) + words) | 0)
  }

  #count(at: number): number {
    return ((this.#samples[at + 2] ?? 0) & 0xffff) + ((this.#samples[at + 3] ?? 0) & 0xffff) * 65_536
  }

  #nextBlock(): number {
    if (this.empty) return -1
    const at = Atomics.load(this.#control, tail) & (this.#capacity - 1)
    if (this.#samples[at] !== blockKind.skip) return at
    this.#release(this.#capacity - at)
    return this.empty ? -1 : 0
  }

  #release(words: number): void {
    Atomics.store(this.#control, tail, (Atomics.load(this.#control, tail) + words) | 0)
  }
}
