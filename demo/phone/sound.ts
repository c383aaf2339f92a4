// What a phone says: a source hands out one 20 ms frame of 160 samples at 8 kHz each time it is asked.

export const sampleRate = 8000
export const frameSamples = 160

export type SoundSource = () => Int16Array

const silentFrame = new Int16Array(frameSamples)

export const silence: SoundSource = () => silentFrame

/** Endless sine of `frequency` Hz at `levelDbov` (a full-scale sine is -3). */
export function tone(frequency: number, levelDbov = -23): SoundSource {
  return melody([{ frequency, frames: Number.POSITIVE_INFINITY }], levelDbov)
}

/** `frequency` 0 is a rest. */
export interface Note {
  readonly frequency: number
  /** Length in frames of 20 ms. */
  readonly frames: number
}

/** The notes over and over, without a click between them: the phase runs on. */
export function melody(notes: readonly Note[], levelDbov = -23): SoundSource {
  const amplitude = 32768 * Math.SQRT2 * 10 ** (levelDbov / 20)
  let phase = 0
  let index = 0
  let played = 0
  return () => {
    const note = notes[index % notes.length]
    if (!note) return silentFrame
    played += 1
    if (played >= note.frames) {
      played = 0
      index += 1
    }
    if (note.frequency === 0) return silentFrame
    const frame = new Int16Array(frameSamples)
    const step = (2 * Math.PI * note.frequency) / sampleRate
    for (let at = 0; at < frameSamples; at += 1) {
      frame[at] = Math.round(amplitude * Math.sin(phase))
      phase = (phase + step) % (2 * Math.PI)
    }
    return frame
  }
}

/** These samples over and over. */
export function loop(samples: Int16Array): SoundSource {
  let at = 0
  return () => {
    const frame = new Int16Array(frameSamples)
    for (let index = 0; index < frameSamples; index += 1) {
      frame[index] = samples[at % samples.length] ?? 0
      at += 1
    }
    return frame
  }
}
