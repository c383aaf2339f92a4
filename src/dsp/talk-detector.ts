// Tells from levels alone whether somebody talks: starts after 60 ms well above the background, stops after 700 ms below it, so that
// words and short pauses are one turn, and nothing makes it change more than three times a second.

/** dBov. Louder than this is talk whatever the background, and nothing quieter than the other ever is. */
const surely = -25
const never = -45
/** How far talk is above the background, and how far below where it started it ends, dB. */
const above = 12
const hysteresis = 6
/** The background is learnt upwards slowly and downwards at once, dB a frame. */
const learning = 0.05
const startFrames = 3
const stopFrames = 35

export class TalkDetector {
  #talking = false
  #background = -70
  /** Frames in a row that speak for a change. */
  #run = 0

  get talking(): boolean {
    return this.#talking
  }

  /** Takes the level of the next 20 ms, dBov, −127 for silence. Returns whether `talking` changed. */
  frame(level: number): boolean {
    const start = Math.max(never, Math.min(surely, this.#background + above))
    // Digital silence says nothing of the room.
    if (level > -127) this.#background = Math.min(level, this.#background + learning)
    const speaksForChange = this.#talking ? level < start - hysteresis : level >= start
    this.#run = speaksForChange ? this.#run + 1 : 0
    if (this.#run < (this.#talking ? stopFrames : startFrames)) return false
    this.#talking = !this.#talking
    this.#run = 0
    return true
  }
}
