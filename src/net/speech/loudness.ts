// Brings speech to one level: the mean power of the parts where there is speech (in the manner of ITU-T P.56), with peaks bent instead of cut.

/** Of the active speech, dBov. */
export const speechLevelDb = -20
const fullScale = 32_768
/** 20 ms at 16 kHz. */
const frameSamples = 320
/** Frames this far below the loudest one are pauses. */
const activeBelowDb = 25
/** Beneath this there is nothing to make louder, dBov. */
const silenceDb = -60
/** Above this part of full scale, peaks are bent. */
const knee = 0.7

function frameEnergies(pcm: Int16Array): Float64Array {
  const energies = new Float64Array(Math.ceil(pcm.length / frameSamples))
  for (let frame = 0; frame < energies.length; frame += 1) {
    const samples = pcm.subarray(frame * frameSamples, (frame + 1) * frameSamples)
    let sum = 0
    for (const sample of samples) sum += sample * sample
    energies[frame] = sum / samples.length
  }
  return energies
}

/** Level of the active speech in several pieces together, dBov; undefined for silence. */
export function activeLevel(pieces: readonly Int16Array[]): number | undefined {
  const energies = pieces.map(frameEnergies)
  const loudest = energies.reduce((most, list) => list.reduce((one, other) => Math.max(one, other), most), 0)
  const threshold = loudest * 10 ** (-activeBelowDb / 10)
  if (10 * Math.log10(loudest / fullScale ** 2) < silenceDb) return undefined
  let [sum, count] = [0, 0]
  for (const list of energies) {
    for (const energy of list) {
      if (energy < threshold) continue
      sum += energy
      count += 1
    }
  }
  return 10 * Math.log10(sum / count / fullScale ** 2)
}

/** Factor that brings pieces to the level of speech. */
export function gainFor(pieces: readonly Int16Array[]): number {
  const level = activeLevel(pieces)
  return level === undefined ? 1 : 10 ** ((speechLevelDb - level) / 20)
}

/** Multiplies in place. */
export function amplify(pcm: Int16Array, gain: number): void {
  for (let index = 0; index < pcm.length; index += 1) {
    const value = ((pcm[index] ?? 0) * gain) / fullScale
    const size = Math.abs(value)
    const bent = size <= knee ? size : knee + (1 - knee) * Math.tanh((size - knee) / (1 - knee))
    pcm[index] = Math.round(Math.sign(value) * bent * (fullScale - 1))
  }
}

/** Without the silence at both ends, but for a hundredth of a second that lets it begin and fade. */
export function trimmed(pcm: Int16Array): Int16Array {
  const floor = pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) * 10 ** (-45 / 20)
  const loud = (sample: number): boolean => Math.abs(sample) > floor
  const first = pcm.findIndex(loud)
  if (first < 0) return new Int16Array(0)
  const margin = frameSamples / 2
  return pcm.slice(Math.max(0, first - margin), pcm.findLastIndex(loud) + 1 + margin)
}
