// Audio level in dBov as RFC 6464 carries it: root mean square against the overload point, 0 loudest, −127 silence.

/** Whole dBov of a frame. */
export function levelOf(pcm: Int16Array): number {
  let energy = 0
  for (let index = 0; index < pcm.length; index += 1) {
    const sample = pcm[index] ?? 0
    energy += sample * sample
  }
  if (energy === 0) return -127
  const level = 10 * Math.log10(energy / pcm.length / (32768 * 32768))
  return Math.max(-127, Math.min(0, Math.round(level)))
}

/** Louder or softer, in place; what no longer fits is clipped, as it would be at a louder talker's microphone. */
export function amplify(frame: Int16Array, factor: number): void {
  for (let index = 0; index < frame.length; index += 1)
    frame[index] = Math.max(-32768, Math.min(32767, Math.round((frame[index] ?? 0) * factor)))
}
