// Silence as the whole engine shares it: a frame per rate, encoded once per format.
import type { MixRate } from './mix-member.ts'
import { SharedMix } from './shared-mix.ts'

export class Silences {
  readonly #frames: Readonly<Record<MixRate, SharedMix>> = {
    8000: new SharedMix(8000, 1),
    16000: new SharedMix(16_000, 1),
    48000: new SharedMix(48_000, 1),
  }

  at(rate: MixRate): SharedMix {
    return this.#frames[rate]
  }

  /** A new tick. */
  begin(): void {
    this.#frames[8000].begin()
    this.#frames[16000].begin()
    this.#frames[48000].begin()
  }

  close(): void {
    for (const frame of Object.values(this.#frames)) frame.close()
  }
}
