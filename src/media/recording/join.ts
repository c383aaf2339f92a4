// Several files of one recording made one: what a recording leaves whose call moved between media workers. Between them is silence.
import { type FileHandle, open, rename } from 'node:fs/promises'
import { Resampler, type ResamplerRate } from '../../dsp/resampler.ts'
import { buildPage, lacingOf, maxLacing, maxPageBytes, type OggPage, pageFlag, readPage } from './ogg-page.ts'
import { readOwnWavHeader, wavHeader, wavHeaderBytes } from './wav-header.ts'

export interface RecordingPart {
  readonly path: string
  /** Silence before it, milliseconds. */
  readonly gapMs: number
}

const granulesPerFrame = 960
const packetMs = 20
const packetsPerPage = 25

/** Writes `target`, which may be one of the parts; whole parts of the same format are expected. Throws what the disk says. */
export async function joinRecordings(target: string, parts: readonly RecordingPart[]): Promise<void> {
  const temporary = `${target}.tmp`
  const output = await open(temporary, 'w', 0o640)
  try {
    const sink = new Sink(output)
    await (target.endsWith('.wav') ? joinWav(sink, parts) : joinOgg(sink, parts))
    await output.datasync()
  } finally {
    await output.close()
  }
  await rename(temporary, target)
}

class Sink {
  readonly #file: FileHandle
  #at = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.writev([bytes], this.#at)
    this.#at += bytes.length
  }

  async rewriteHead(bytes: Uint8Array): Promise<void> {
    await this.#file.writev([bytes], 0)
  }
}

async function joinWav(sink: Sink, parts: readonly RecordingPart[]): Promise<void> {
  let rate = 0
  let samples = 0
  const append = async (pcm: Int16Array): Promise<void> => {
    await sink.append(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength))
    samples += pcm.length
  }
  for (const { path, gapMs } of parts) {
    await reading(path, async (file) => {
      const head = readOwnWavHeader(await readAt(file, 0, wavHeaderBytes))
      if (!head) return
      if (rate === 0) {
        rate = head.sampleRate
        await sink.append(wavHeader(rate, 0))
      }
      for (let left = Math.round((gapMs * rate) / 1000); left > 0; left -= rate)
        await append(new Int16Array(Math.min(left, rate)))
      const resampler = head.sampleRate === rate ? undefined : resamplerOf(head.sampleRate, rate)
      for (let at = wavHeaderBytes; ; ) {
        const bytes = await readAt(file, at, head.sampleRate * 2)
        if (bytes.length < 2) return
        at += bytes.length
        await append(resampled(samplesOf(bytes), resampler, rate / head.sampleRate))
      }
    })
  }
  if (rate > 0) await sink.rewriteHead(wavHeader(rate, samples * 2))
}

const samplesOf = (bytes: Uint8Array): Int16Array => new Int16Array(bytes.buffer, 0, Math.floor(bytes.length / 2))

const resamplerOf = (from: number, to: number): Resampler => new Resampler(from as ResamplerRate, to as ResamplerRate)

function resampled(samples: Int16Array, resampler: Resampler | undefined, ratio: number): Int16Array {
  if (!resampler) return samples
  // Frames of 20 ms are whole numbers of samples at every rate; the last one may be filled up.
  const frame = resampler.from / 50
  const whole = new Int16Array(Math.ceil(samples.length / frame) * frame)
  whole.set(samples)
  const output = new Int16Array(whole.length * ratio)
  for (let at = 0; at < whole.length; at += frame)
    resampler.process(whole.subarray(at, at + frame), output.subarray(at * ratio, (at + frame) * ratio))
  return output
}

/** One logical stream out of several: their heads are left out, pages numbered anew, positions moved behind what came before. */
async function joinOgg(sink: Sink, parts: readonly RecordingPart[]): Promise<void> {
  const stream = new OggStream(sink)
  for (const [index, { path, gapMs }] of parts.entries()) {
    await reading(path, async (file) => {
      if (index > 0) await stream.silence(gapMs)
      let number = 0
      for (let at = 0; ; number += 1) {
        const result = readPage(await readAt(file, at, maxPageBytes), 0)
        if (result.kind !== 'page') break
        at += result.page.length
        if (number >= 2) await stream.page(result.page)
        else if (index === 0) await stream.head(result.page)
      }
    })
    await stream.endPart()
  }
  await stream.end()
}

class OggStream {
  readonly #sink: Sink
  #serial = 0
  #sequence = 0
  /** Packets of earlier parts, and of this one. */
  #before = 0
  #packets = 0
  /** The page that may turn out to be the last of its part. */
  #held: { readonly packets: Uint8Array[]; readonly granule: number } | undefined
  #toc = 0

  constructor(sink: Sink) {
    this.#sink = sink
  }

  async head(page: OggPage): Promise<void> {
    this.#serial = page.serial
    await this.#write(packetsOf(page), 0, page.flags & pageFlag.first)
  }

  async page(page: OggPage): Promise<void> {
    if (this.#held) await this.#write(this.#held.packets, this.#end(), 0)
    const packets = packetsOf(page)
    this.#packets += packets.length
    this.#toc = packets[0]?.[0] ?? this.#toc
    this.#held = { packets, granule: this.#before * granulesPerFrame + page.granule }
  }

  /** Packets without content, for which decoders make up what fades into silence (RFC 6716 §3.2.1). */
  async silence(ms: number): Promise<void> {
    await this.#release()
    for (let left = Math.round(ms / packetMs); left > 0; left -= packetsPerPage) {
      const packets = Array.from({ length: Math.min(left, packetsPerPage) }, () => Uint8Array.of(this.#toc & 0xfc))
      this.#before += packets.length
      await this.#write(packets, this.#end(), 0)
    }
  }

  /** What follows comes behind this part. */
  async endPart(): Promise<void> {
    this.#before += this.#packets
    this.#packets = 0
  }

  async end(): Promise<void> {
    if (this.#held) await this.#write(this.#held.packets, this.#held.granule, pageFlag.last)
    this.#held = undefined
  }

  /** The held page is not the last one: nothing of it is trimmed. */
  async #release(): Promise<void> {
    if (this.#held) await this.#write(this.#held.packets, this.#end(), 0)
    this.#held = undefined
  }

  #end(): number {
    return (this.#before + this.#packets) * granulesPerFrame
  }

  async #write(packets: readonly Uint8Array[], granule: number, flags: number): Promise<void> {
    const facts = { flags, granule, serial: this.#serial, sequence: this.#sequence }
    if (packets.reduce((sum, packet) => sum + lacingOf(packet.length), 0) > maxLacing) return
    this.#sequence += 1
    await this.#sink.append(buildPage(facts, packets))
  }
}

function packetsOf({ lacing, body }: OggPage): Uint8Array[] {
  const packets: Uint8Array[] = []
  let start = 0
  let end = 0
  for (const value of lacing) {
    end += value
    if (value === 255) continue
    packets.push(body.slice(start, end))
    start = end
  }
  return packets
}

async function reading(path: string, read: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path)
  try {
    await read(file)
  } finally {
    await file.close()
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const { bytesRead } = await file.read(bytes, 0, length, at)
  return bytes.subarray(0, bytesRead)
}
