// Ears: which tones are in what a phone heard, by the Goertzel algorithm over 20 ms frames. Tones should be multiples
// of 50 Hz, so that in a 20 ms frame none leaks into another, whatever their phases.

/** Level in dBov of the sinusoid of `frequency` Hz in the frame; a full-scale sine is -3, silence -127. */
export function toneLevel(frame: Int16Array, frequency: number, sampleRate: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / sampleRate)
  let older = 0
  let newer = 0
  for (const sample of frame) {
    const next = sample + coefficient * newer - older
    older = newer
    newer = next
  }
  const power = newer * newer + older * older - coefficient * newer * older
  const amplitude = (2 * Math.sqrt(Math.max(power, 0))) / frame.length
  return decibels((amplitude * amplitude) / 2)
}

/** Root-mean-square level in dBov; silence is -127. */
export function level(frame: Int16Array): number {
  let sum = 0
  for (const sample of frame) sum += sample * sample
  return decibels(sum / Math.max(frame.length, 1))
}

function decibels(meanSquare: number): number {
  return meanSquare <= 0 ? -127 : Math.max(-127, 10 * Math.log10(meanSquare / (32768 * 32768)))
}

/** What became of one tone over a recording. */
export interface ToneReport {
  readonly frequency: number
  /** Share of frames in which the tone was heard, 0..1. */
  readonly share: number
  /** Index of the first and last frame with the tone; -1 when there is none. */
  readonly first: number
  readonly last: number
  /** Longest run of frames without the tone between first and last. */
  readonly longestHole: number
  /** Median level in dBov of the frames that have it; -127 when there are none. */
  readonly level: number
}

/** Follows a set of tones frame by frame. `floor`: dBov from which on a tone counts as heard. */
export function createToneMeter(frequencies: readonly number[], sampleRate: number, floor = -45) {
  const levels = new Map<number, number[]>(frequencies.map((frequency) => [frequency, []]))
  return {
    hear(frame: Int16Array): void {
      for (const [frequency, history] of levels) history.push(toneLevel(frame, frequency, sampleRate))
    },
    report: (): ToneReport[] => [...levels].map(([frequency, history]) => summarise(frequency, history, floor)),
  }
}

function summarise(frequency: number, history: readonly number[], floor: number): ToneReport {
  const heard = history.map((value) => value >= floor)
  const first = heard.indexOf(true)
  const last = heard.lastIndexOf(true)
  let hole = 0
  let longestHole = 0
  for (let index = Math.max(first, 0); index <= last; index += 1) {
    hole = heard[index] ? 0 : hole + 1
    longestHole = Math.max(longestHole, hole)
  }
  const present = history.filter((value) => value >= floor).sort((a, b) => a - b)
  const share = history.length === 0 ? 0 : present.length / history.length
  return { frequency, share, first, last, longestHole, level: present[present.length >> 1] ?? -127 }
}

/** The same over samples in hand: cut into 20 ms frames, a shorter rest is left out. */
export function listen(
  samples: Int16Array,
  sampleRate: number,
  frequencies: readonly number[],
  floor = -45,
): ToneReport[] {
  const meter = createToneMeter(frequencies, sampleRate, floor)
  const size = Math.round(sampleRate / 50)
  for (let start = 0; start + size <= samples.length; start += size) meter.hear(samples.subarray(start, start + size))
  return meter.report()
}
