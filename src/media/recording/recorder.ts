// The tick's side of a recording: a member of the mix that only listens and copies what it hears into a ring, one slot per tick.
// Slots are counted against the clock, so that ticks that never came are silence and the file is as long as the time that passed.
import type { Heard, MixMember } from '../mix-member.ts'
import type { SampleRing } from './sample-ring.ts'

export const slotMs = 20
/** Ticks may come this late and still be made up for; a longer gap is filled with silence at once. */
const lateSlots = 5
/** Silence has no rate; it is counted at this one. */
const silenceRate = 8000

export interface RecorderSettings {
  readonly ring: SampleRing
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** When the file's first sample was heard; of all tracks of a recording the same. */
  readonly startedAt: number
  /** Records this member alone. */
  readonly only?: MixMember | undefined
}

export class Recorder implements MixMember {
  readonly speaks = 0
  /** The file keeps its rate; its writer resamples, away from the tick. */
  readonly hears = 'mix'
  readonly only: MixMember | undefined
  readonly #settings: RecorderSettings
  /** Slots accounted for, those that still wait included. */
  #slots = 0
  /** Slots of silence that are not in the ring yet. */
  #owed = 0
  #lost = 0
  #stopped = false

  constructor(settings: RecorderSettings) {
    this.#settings = settings
    this.only = settings.only
  }

  /** Milliseconds replaced by silence because the file could not be written fast enough. */
  get lostMs(): number {
    return this.#lost * slotMs
  }

  pull(): boolean {
    return false
  }

  push(heard: Heard): void {
    if (this.#stopped) return
    const behind = this.#due() - this.#slots
    if (behind > (this.#slots === 0 ? 0 : lateSlots)) this.#owe(behind)
    this.#slots += 1
    if (heard.silent) {
      this.#owed += 1
      this.#payOff()
    } else if (!this.#payOff() || !this.#settings.ring.writeAudio(heard.pcm(), heard.rate)) {
      this.#lost += 1
      this.#owed += 1
    }
  }

  /** Nothing follows. Returns the milliseconds of silence that are to be appended to what is in the ring. */
  stop(): number {
    if (this.#stopped) return 0
    this.#stopped = true
    this.#owe(Math.max(0, Math.round((this.#settings.now() - this.#settings.startedAt) / slotMs) - this.#slots))
    return this.#owed * slotMs
  }

  /** Slots that had passed before the one that ends now. */
  #due(): number {
    return Math.floor((this.#settings.now() - this.#settings.startedAt) / slotMs) - 1
  }

  #owe(slots: number): void {
    this.#owed += slots
    this.#slots += slots
  }

  /** Writes the silence that is owed; false without room. */
  #payOff(): boolean {
    if (this.#owed === 0) return true
    if (!this.#settings.ring.writeSilence((this.#owed * silenceRate * slotMs) / 1000, silenceRate)) return false
    this.#owed = 0
    return true
  }
}
