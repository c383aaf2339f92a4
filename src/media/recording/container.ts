// The contract of a recorded file's format: what to append for samples, and what to rewrite at the beginning.
import { endianness } from 'node:os'
import { wavHeader } from './wav-header.ts'

export type RecordingFormat = 'wav' | 'ogg'

export interface Container {
  readonly sampleRate: number
  /** Octets the file begins with. */
  start(): Uint8Array
  /** Octets to append for these samples, none if they wait for more. The result does not share their memory. */
  append(pcm: Int16Array): Uint8Array
  /** Octets to append so that everything so far is readable. */
  flush(): Uint8Array
  /** Octets to append at the end; nothing follows. */
  finish(): Uint8Array
  /** What the first octets become once the file has `fileBytes` octets; undefined when they never change. */
  head(fileBytes: number): Uint8Array | undefined
  /** Frees what is not garbage-collected. */
  free(): void
}

const nothing = new Uint8Array(0)
const bigEndian = endianness() === 'BE'

/** 16-bit mono PCM. */
export class WavContainer implements Container {
  readonly sampleRate: number

  constructor(sampleRate: number) {
    this.sampleRate = sampleRate
  }

  start(): Uint8Array {
    return wavHeader(this.sampleRate, 0)
  }

  append(pcm: Int16Array): Uint8Array {
    const bytes = Buffer.from(Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength))
    return bigEndian ? bytes.swap16() : bytes
  }

  flush(): Uint8Array {
    return nothing
  }

  finish(): Uint8Array {
    return nothing
  }

  head(fileBytes: number): Uint8Array {
    const start = this.start().length
    return wavHeader(this.sampleRate, Math.floor(Math.max(0, fileBytes - start) / 2) * 2)
  }

  free(): void {}
}
