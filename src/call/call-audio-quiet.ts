// Why a call does not hear its mix, or is not heard in it: several reasons may hold at a time, and each ends without the others.

export type MuteDirection = '' | 'in' | 'out' | 'both'

/** Besides the mute. */
type Reason = 'held' | 'silenced' | 'music'

/** `in`: the phone is not heard; `out`: it does not hear its mix. */
export interface Muted {
  readonly in: boolean
  readonly out: boolean
}

const none: readonly Reason[] = []

export class Quiet {
  readonly #apply: (muted: Muted) => Promise<void>
  #reasons: readonly Reason[] = none
  #direction: MuteDirection = ''

  constructor(apply: (muted: Muted) => Promise<void>) {
    this.#apply = apply
  }

  get direction(): MuteDirection {
    return this.#direction
  }

  async mute(direction: MuteDirection): Promise<void> {
    this.#direction = direction
    await this.#apply(this.#muted)
  }

  async set(reason: Reason, holds: boolean): Promise<void> {
    if (this.#reasons.includes(reason) === holds) return
    this.#reasons = holds ? [...this.#reasons, reason] : this.#reasons.filter((each) => each !== reason)
    await this.#apply(this.#muted)
  }

  get #muted(): Muted {
    const reasons = this.#reasons
    return {
      in: mutes(this.#direction, 'in') || reasons.includes('held'),
      out: mutes(this.#direction, 'out') || reasons.length > 0,
    }
  }
}

const mutes = (direction: MuteDirection, side: 'in' | 'out'): boolean => direction === side || direction === 'both'

const directionOf = ({ in: heard, out }: Muted): MuteDirection => (heard ? (out ? 'both' : 'in') : out ? 'out' : '')

/** Muted as before, and in this direction too. */
export const withMute = (before: MuteDirection, more: 'in' | 'out' | 'both'): MuteDirection =>
  directionOf({
    in: mutes(before, 'in') || mutes(more, 'in'),
    out: mutes(before, 'out') || mutes(more, 'out'),
  })

/** Muted as before, but not in this direction. */
export const withoutMute = (before: MuteDirection, less: 'in' | 'out' | 'both'): MuteDirection =>
  directionOf({
    in: mutes(before, 'in') && !mutes(less, 'in'),
    out: mutes(before, 'out') && !mutes(less, 'out'),
  })
