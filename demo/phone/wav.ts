// WAV files of 16-bit PCM (RIFF): written for what a phone heard, read for what another phone recorded.

export interface Recording {
  readonly sampleRate: number
  /** First channel only. */
  readonly samples: Int16Array
}

/** Mono file of these samples. */
export function writeWav(samples: Int16Array, sampleRate: number): Uint8Array {
  const bytes = Buffer.alloc(44 + samples.length * 2)
  bytes.write('RIFF', 0, 'latin1')
  bytes.writeUInt32LE(36 + samples.length * 2, 4)
  bytes.write('WAVEfmt ', 8, 'latin1')
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(sampleRate, 24)
  bytes.writeUInt32LE(sampleRate * 2, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36, 'latin1')
  bytes.writeUInt32LE(samples.length * 2, 40)
  samples.forEach((sample, index) => {
    bytes.writeInt16LE(sample, 44 + index * 2)
  })
  return bytes
}

/** Throws when the bytes are no 16-bit PCM WAV. A data chunk whose writer died before it set the length runs to the end. */
export function readWav(file: Uint8Array): Recording {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error('not a WAV file')
  let channels = 0
  let sampleRate = 0
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4)
    const size = bytes.readUInt32LE(at + 4)
    if (name === 'fmt ') {
      channels = bytes.readUInt16LE(at + 10)
      sampleRate = bytes.readUInt32LE(at + 12)
      if (bytes.readUInt16LE(at + 22) !== 16) throw new Error('not 16 bits per sample')
    }
    if (name === 'data' && channels > 0) {
      const known = size > 0 && at + 8 + size <= bytes.length
      return {
        sampleRate,
        samples: firstChannel(bytes.subarray(at + 8, known ? at + 8 + size : bytes.length), channels),
      }
    }
    at += 8 + size + (size & 1)
  }
  throw new Error('no data chunk')
}

function firstChannel(data: Buffer, channels: number): Int16Array {
  const samples = new Int16Array(Math.floor(data.length / 2 / channels))
  for (let index = 0; index < samples.length; index += 1) samples[index] = data.readInt16LE(index * 2 * channels)
  return samples
}
