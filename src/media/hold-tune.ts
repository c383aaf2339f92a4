// A quiet tune of broken chords, computed: eight bars that can be played in a loop, because what still sounds at the end goes on at the beginning.

export const holdTuneRate = 16_000

const barSeconds = 2
const notesPerBar = 8
/** How long a note sounds, and how fast it fades, seconds. */
const noteSeconds = 1.6
const decay = 0.45
/** Of the loudest sample, dBFS: under a voice, and nowhere near the limiter. */
const peakDb = -14

/** Semitones from A4 = 440 Hz. */
const chords: readonly (readonly [number, number, number, number])[] = [
  [-9, -5, -2, 3],
  [-12, -9, -5, 0],
  [-16, -9, -4, 0],
  [-14, -7, -2, 2],
  [-9, -2, 3, 7],
  [-5, -2, 2, 7],
  [-7, -4, 0, 5],
  [-14, -10, -7, -2],
]
/** Of the whole tune. */
export const holdTuneSamples = chords.length * barSeconds * holdTuneRate

/** Which note of the chord each step plays. */
const pattern = [0, 1, 2, 3, 2, 1, 2, 1]
/** Strengths of a note's partials. */
const partials = [1, 0.35, 0.12]

/** 16-bit samples at `holdTuneRate`. */
export function holdTune(): Int16Array {
  const sum = new Float64Array(holdTuneSamples)
  chords.forEach((chord, bar) => {
    pattern.forEach((place, step) => {
      const start = (bar + step / notesPerBar) * barSeconds * holdTuneRate
      addNote(sum, Math.round(start), 440 * 2 ** ((chord[place] ?? 0) / 12))
    })
  })
  const peak = sum.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0)
  const factor = (32_768 * 10 ** (peakDb / 20)) / peak
  return Int16Array.from(sum, (sample) => Math.round(sample * factor))
}

/** Every partial turns by a fixed angle a sample and fades by a fixed factor: cheap enough for the thread that asks. */
function addNote(sum: Float64Array, start: number, frequency: number): void {
  const samples = noteSeconds * holdTuneRate
  const fade = Math.exp(-1 / (holdTuneRate * decay))
  const [attack, release] = [0.01 * holdTuneRate, 0.05 * holdTuneRate]
  partials.forEach((strength, index) => {
    const angle = (2 * Math.PI * frequency * (index + 1)) / holdTuneRate
    const [turnX, turnY] = [fade * Math.cos(angle), fade * Math.sin(angle)]
    let [x, y] = [strength, 0]
    for (let sample = 0; sample < samples; sample += 1) {
      const at = (start + sample) % sum.length
      sum[at] = (sum[at] ?? 0) + y * Math.min(1, sample / attack, (samples - sample) / release)
      const turned = x * turnX - y * turnY
      y = x * turnY + y * turnX
      x = turned
    }
  })
}
