// What tests of recordings share: a mix that is only pushed, frames with a tone in them, and readings of files by a program that is not ours.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { toneLevel } from '../../dsp/goertzel.ts'
import { ToneGenerator } from '../../dsp/tone.ts'
import type { Heard, MixMember, MixRate } from '../mix-member.ts'
import type { RecordedMix } from './recordings.ts'

const silence = new Int16Array(960)

/** Pushes the same frame to every member; `only` hears what its track was given. */
export class PushedMix implements RecordedMix {
  rate: MixRate
  readonly members = new Set<MixMember>()
  /** What members with `only` hear. */
  readonly tracks = new Map<MixMember, Int16Array>()

  constructor(rate: MixRate) {
    this.rate = rate
  }

  add(member: MixMember): void {
    this.members.add(member)
  }

  remove(member: MixMember): void {
    this.members.delete(member)
  }

  push(frame: Int16Array | undefined): void {
    for (const member of this.members) member.push(heard(member.only ? this.tracks.get(member.only) : frame, this.rate))
  }
}

export function heard(frame: Int16Array | undefined, rate: MixRate): Heard {
  const pcm = frame ?? silence.subarray(0, rate / 50)
  return { silent: !frame, rate, pcm: () => pcm, reductionDb: 0 }
}

/** Frames of 20 ms of one sine at −10 dBov. */
export function toneFrames(frequency: number, rate: MixRate): () => Int16Array {
  const generator = new ToneGenerator({ frequency, sampleRate: rate, levelDbov: -10 })
  return () => {
    const frame = new Int16Array(rate / 50)
    generator.fill(frame)
    return frame
  }
}

export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0

/** The samples of a file as ffmpeg reads it, at a rate. */
export function ffmpegPcm(path: string, rate: number): Int16Array {
  const args = ['-v', 'error', '-i', path, '-f', 's16le', '-ac', '1', '-ar', String(rate), '-']
  const { stdout, stderr, status } = spawnSync('ffmpeg', args, { maxBuffer: 2 ** 30 })
  if (status !== 0 || stderr.length > 0) throw new Error(`ffmpeg: ${stderr.toString()}`)
  return new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength))
}

/** The samples of a WAV file that `WavContainer` wrote. */
export function wavPcm(path: string): Int16Array {
  const bytes = readFileSync(path)
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset + 80, bytes.byteOffset + bytes.length))
}

export const level = (pcm: Int16Array, frequency: number, sampleRate: number): number =>
  toneLevel(pcm, { frequency, sampleRate })

/** Uniform in [0, 1), the same for the same seed. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32
  }
}
