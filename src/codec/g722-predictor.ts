// The adaptive predictor of a G.722 sub-band (ITU-T G.722 §3.6, blocks 4L and 4H of §6.2): two poles and six zeros, adapted by signs.
// Arithmetic is 16 bits wide and saturates exactly where the Recommendation says so: both ends must stay equal bit for bit.

const zeros = 6

export const saturate = (value: number): number => Math.max(-32768, Math.min(32767, value))

export class Predictor {
  /** B: coefficients of the zeros. */
  readonly #zero = new Int32Array(zeros)
  /** D: the newest quantised difference, then the last ones; all of them doubled. */
  readonly #difference = new Int32Array(zeros + 1)
  #pole1 = 0
  #pole2 = 0
  /** The last two reconstructed samples, doubled. */
  #reconstructed1 = 0
  #reconstructed2 = 0
  /** Signs of the last two partial reconstructions, 0 or −1. */
  #sign1 = 0
  #sign2 = 0
  #zeroEstimate = 0
  #estimate = 0

  /** S: what the next sample is expected to be. */
  get estimate(): number {
    return this.#estimate
  }

  /** Learns the quantised difference of the sample that was expected. */
  update(difference: number): void {
    const reconstructed = saturate(this.#estimate + difference)
    this.#adaptPoles(saturate(this.#zeroEstimate + difference) >> 15)
    this.#reconstructed2 = this.#reconstructed1
    this.#reconstructed1 = saturate(reconstructed + reconstructed)
    this.#adaptZeros(difference)
    const first = (this.#pole1 * this.#reconstructed1) >> 15
    const second = (this.#pole2 * this.#reconstructed2) >> 15
    this.#estimate = saturate(saturate(first + second) + this.#zeroEstimate)
  }

  copy(from: Predictor): void {
    this.#zero.set(from.#zero)
    this.#difference.set(from.#difference)
    this.#pole1 = from.#pole1
    this.#pole2 = from.#pole2
    this.#reconstructed1 = from.#reconstructed1
    this.#reconstructed2 = from.#reconstructed2
    this.#sign1 = from.#sign1
    this.#sign2 = from.#sign2
    this.#zeroEstimate = from.#zeroEstimate
    this.#estimate = from.#estimate
  }

  reset(): void {
    this.copy(fresh)
  }

  /** UPPOL2 and UPPOL1: leak, push by the signs, keep within the triangle of stability. */
  #adaptPoles(sign: number): void {
    const fourfold = saturate(this.#pole1 << 2)
    const push = sign === this.#sign1 ? saturate(-fourfold) : fourfold
    const same = sign === this.#sign2 ? 128 : -128
    let second = (push >> 7) + same + ((this.#pole2 * 32512) >> 15)
    second = Math.max(-12288, Math.min(12288, second))
    const limit = 15360 - second
    const first = (sign === this.#sign1 ? 192 : -192) + ((this.#pole1 * 32640) >> 15)
    this.#pole1 = Math.max(-limit, Math.min(limit, first))
    this.#pole2 = second
    this.#sign2 = this.#sign1
    this.#sign1 = sign
  }

  /** UPZERO, DELAYA and FILTEZ in one pass from the oldest difference to the newest. The leak keeps coefficients within 16 bits by itself. */
  #adaptZeros(difference: number): void {
    const zero = this.#zero
    const past = this.#difference
    const push = difference === 0 ? 0 : 128
    const sign = difference >> 31
    past[0] = saturate(difference + difference)
    let sum = 0
    for (let index = zeros - 1; index >= 0; index -= 1) {
      const agrees = (past[index + 1] ?? 0) >> 31 === sign
      const coefficient = ((Math.imul(zero[index] ?? 0, 32640) >> 15) + (agrees ? push : -push)) | 0
      const newer = past[index] ?? 0
      zero[index] = coefficient
      past[index + 1] = newer
      sum = saturate((sum + (Math.imul(coefficient, newer) >> 15)) | 0)
    }
    this.#zeroEstimate = sum
  }
}

const fresh = new Predictor()
