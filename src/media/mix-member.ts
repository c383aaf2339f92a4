// What sits in a mix: a phone's leg, a player, a recorder, another node's mix. A member has rates of its own; the mixer resamples.
// All calls come from the tick: nothing in a member may block, wait or allocate per frame.
import type { Encoding } from './encoding.ts'
import type { LegFormat } from './leg-format.ts'
import type { Restful } from './rest.ts'

/** Samples per second of a mix and of what its members say and hear. */
export type MixRate = 8000 | 16_000 | 48_000

/**
 * A member's rates are read when it is added; after they changed, the mixer must be told by `Mixer.refresh`. They decide the rate of the mix,
 * and a mix whose members have different rates delays everyone by six milliseconds.
 */
export interface MixMember {
  /** The rate of what it says; 0 when it never speaks (a recorder). */
  readonly speaks: MixRate | 0
  /** The rate of what it hears; 0 when it never listens (a player); `mix` for whatever rate the mix has, which may change with any frame. */
  readonly hears: MixRate | 'mix' | 0
  /** Factor applied to what it hears, before the limiter; 1 when absent. */
  readonly gain?: number
  /** Hears this member alone instead of all others: one track of a recording. */
  readonly only?: MixMember | undefined
  /**
   * Fills all of `out` with its next samples and returns true; or returns false when it says nothing, and `out` counts as silence whatever is
   * in it. Called once a tick unless `speaks` is 0. `out` lasts 20 ms, except in the one tick in which the mix begins or ends to resample:
   * then 26 or 14, so that nothing jumps; what comes next goes on from there. `now` in monotonic milliseconds.
   */
  pull(out: Int16Array, now: number): boolean
  /** What it hears this tick, after everyone was pulled. Called once a tick, in silence as well, unless `hears` is 0. */
  push(heard: Heard): void
  /** Present when it can be left to itself while it says nothing and hears what all hear; it is neither pulled nor pushed to then. */
  readonly restful?: Restful
  /** Told, before the next tick, what it hears from then on while it is silent: the place to make encoders. */
  settle?(shared: SharedFrame): void
}

/** One frame of 20 ms as one member hears it: without its own voice, with its gain, limited. Valid during `push` only. */
export interface Heard {
  /** There is nothing in it: `pcm` gives zeros. */
  readonly silent: boolean
  /** Samples per second of `pcm`: that which the member hears at. */
  readonly rate: MixRate
  /** The samples. Not to be written to. */
  pcm(): Int16Array
  /** Decibels by which the limiter brings it down; 0 when not at all. */
  readonly reductionDb: number
  /** The frame that all share who said nothing; absent when this one is the member's own. */
  readonly shared?: SharedFrame
}

/** What everyone hears who contributed nothing, with payloads that are encoded once for all of them. */
export interface SharedFrame extends Heard {
  /** This frame's payload. The format must have this frame's rate. */
  encoding(format: LegFormat): Encoding
  /** Makes the encoder before a tick needs it. */
  expect(format: LegFormat): void
}
