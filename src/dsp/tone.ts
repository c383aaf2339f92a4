// A sine generator whose phase goes on from frame to frame.

export interface ToneSettings {
  readonly frequency: number
  readonly sampleRate: number
  /** Level of the sine, dBov (its root mean square); −3 is the loudest that does not clip. */
  readonly levelDbov: number
}

export class ToneGenerator {
  readonly #step: number
  readonly #amplitude: number
  #phase = 0

  constructor(settings: ToneSettings) {
    this.#step = (2 * Math.PI * settings.frequency) / settings.sampleRate
    this.#amplitude = Math.min(32767, 32768 * Math.SQRT2 * 10 ** (settings.levelDbov / 20))
  }

  fill(frame: Int16Array): void {
    for (let index = 0; index < frame.length; index += 1) {
      frame[index] = Math.round(this.#amplitude * Math.sin(this.#phase))
      this.#phase += this.#step
    }
    this.#phase %= 2 * Math.PI
  }
}
