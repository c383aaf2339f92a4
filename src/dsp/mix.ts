// The sum of a mix and what each participant hears of it: total − own, exact in 32 bits. Nothing is clipped here; the limiter comes after.

/** Samples no louder than this are a codec's idea of silence (A-law has no zero) and contribute nothing. */
const quiet = 8

export function addTo(total: Int32Array, frame: Int16Array): void {
  for (let index = 0; index < total.length; index += 1) total[index] = (total[index] ?? 0) + (frame[index] ?? 0)
}

/** Writes the sum without one contribution. */
export function without(total: Int32Array, own: Int16Array, into: Int32Array): void {
  for (let index = 0; index < into.length; index += 1) into[index] = (total[index] ?? 0) - (own[index] ?? 0)
}

/** Does a frame hold anything to be heard? */
export function isAudible(frame: Int16Array): boolean {
  for (let index = 0; index < frame.length; index += 1) {
    const sample = frame[index] ?? 0
    if (sample > quiet || sample < -quiet) return true
  }
  return false
}
