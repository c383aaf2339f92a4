// A guest of the demo: a built-in phone with a melody of its own notes, and ears that tell whose notes it hears.
import { level, toneLevel } from './phone/ears.ts'
import type { Metronome } from './phone/metronome.ts'
import { createPhone, type Phone } from './phone/phone.ts'
import type { HeardFrame } from './phone/rtp.ts'
import { frameSamples, melody, type Note, sampleRate } from './phone/sound.ts'

/** Whose notes a guest can hear. */
export interface Voice {
  readonly name: string
  /** Notes in Hz, 0 for a rest; no two voices share one. */
  readonly notes: readonly number[]
  /** Frames of 20 ms per note. */
  readonly pace: number
}

/** All multiples of 150 Hz, so that they sound well together in any order. */
export const voices: readonly Voice[] = [
  { name: 'Anna', notes: [300, 450, 300, 0], pace: 20 },
  { name: 'Ben', notes: [600, 900, 750, 600, 0, 0], pace: 14 },
  { name: 'Carla', notes: [1500, 1200, 1800, 0, 0], pace: 10 },
]

/** From this level on, dBov, somebody talks. */
const floor = -45
/** A note is one when it lasts so many frames; where another begins or ends it is there for a frame or two as well. */
const shortestNote = 4
/** A voice counts as heard for so many frames after its last note. */
const afterglow = 25

export class Guest {
  readonly voice: Voice
  readonly phone: Phone
  readonly #frames: HeardFrame[] = []
  readonly #lastHeard = new Map<string, number>()
  readonly #lasting = new Map<number, number>()
  readonly #state: { says: number; hears: number }

  private constructor(voice: Voice, phone: Phone, state: { says: number; hears: number }) {
    this.voice = voice
    this.phone = phone
    this.#state = state
  }

  static async open(voice: Voice, metronome: Metronome): Promise<Guest> {
    const notes: Note[] = voice.notes.map((frequency) => ({ frequency, frames: voice.pace }))
    const tune = melody(notes, -20)
    const state = { says: -127, hears: -127 }
    let guest: Guest | undefined
    const phone = await createPhone({
      name: voice.name.toLowerCase(),
      localAddress: '127.0.0.1',
      metronome,
      source() {
        const frame = tune()
        state.says = level(frame)
        return frame
      },
      onFrame: (frame) => guest?.hear(frame),
    })
    guest = new Guest(voice, phone, state)
    return guest
  }

  hear(frame: HeardFrame): void {
    this.#frames.push(frame)
    this.#state.hears = level(frame.samples)
    for (const { name, notes } of voices) {
      for (const note of new Set(notes)) {
        const here = note > 0 && toneLevel(frame.samples, note, sampleRate) > floor
        const frames = here ? (this.#lasting.get(note) ?? 0) + 1 : 0
        this.#lasting.set(note, frames)
        if (frames >= shortestNote) this.#lastHeard.set(name, this.#frames.length)
      }
    }
  }

  /** Level of what it says and hears now, dBov. */
  get levels(): { readonly says: number; readonly hears: number } {
    return this.#state
  }

  /** Names of those whose notes it heard within the last half second; all it ever heard with `ever`. */
  heard(ever = false): string[] {
    const since = ever ? 0 : this.#frames.length - afterglow
    return voices.map(({ name }) => name).filter((name) => (this.#lastHeard.get(name) ?? -1) > since)
  }

  get framesHeard(): number {
    return this.#frames.length
  }

  /** After the call: nothing is said or heard any more. */
  hush(): void {
    this.#state.says = -127
    this.#state.hears = -127
    this.#lastHeard.clear()
  }

  /** All it heard, each packet at its RTP timestamp; what is missing is silence. */
  recording(): Int16Array {
    const end = this.#frames.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0)
    const samples = new Int16Array(end + frameSamples)
    for (const frame of this.#frames) if (frame.timestamp >= 0) samples.set(frame.samples, frame.timestamp)
    return samples
  }
}
