// The beginning of a recorded WAV file: RIFF with room for the 64-bit sizes of RF64 (EBU Tech 3306), which it becomes past 4 GiB.
// It has one length, so that it can be rewritten in place and is valid at every moment.

/** Octets before the first sample. */
export const wavHeaderBytes = 80

/** Offsets of the sizes: of the file, of ds64's body, of `fmt `, and of the samples. */
const place = { riffSize: 4, ds64: 12, ds64Size: 16, fmt: 48, data: 72, dataSize: 76 } as const
const ds64BodyBytes = 28
const formatPcm = 1
const largest32 = 0xffff_ffff

const put = (view: DataView, at: number, fourCc: string): void => {
  for (let index = 0; index < 4; index += 1) view.setUint8(at + index, fourCc.charCodeAt(index))
}

/** Header of a file of 16-bit mono PCM that holds `dataBytes` octets of samples (up to 2^53). */
export function wavHeader(sampleRate: number, dataBytes: number): Uint8Array {
  const bytes = new Uint8Array(wavHeaderBytes)
  const view = new DataView(bytes.buffer)
  const riffSize = dataBytes + wavHeaderBytes - 8
  const large = riffSize > largest32
  put(view, 0, large ? 'RF64' : 'RIFF')
  view.setUint32(place.riffSize, large ? largest32 : riffSize, true)
  put(view, 8, 'WAVE')
  put(view, place.ds64, large ? 'ds64' : 'JUNK')
  view.setUint32(place.ds64Size, ds64BodyBytes, true)
  if (large) {
    view.setBigUint64(place.ds64Size + 4, BigInt(riffSize), true)
    view.setBigUint64(place.ds64Size + 12, BigInt(dataBytes), true)
    view.setBigUint64(place.ds64Size + 20, BigInt(dataBytes / 2), true)
  }
  put(view, place.fmt, 'fmt ')
  view.setUint32(place.fmt + 4, 16, true)
  view.setUint16(place.fmt + 8, formatPcm, true)
  view.setUint16(place.fmt + 10, 1, true)
  view.setUint32(place.fmt + 12, sampleRate, true)
  view.setUint32(place.fmt + 16, sampleRate * 2, true)
  view.setUint16(place.fmt + 20, 2, true)
  view.setUint16(place.fmt + 22, 16, true)
  put(view, place.data, 'data')
  view.setUint32(place.dataSize, large ? largest32 : dataBytes, true)
  return bytes
}

/** Rate and size of the samples by a header that `wavHeader` wrote; undefined for any other. */
export function readOwnWavHeader(bytes: Uint8Array): { sampleRate: number; dataBytes: number } | undefined {
  if (bytes.length < wavHeaderBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const sampleRate = view.getUint32(place.fmt + 12, true)
  const large = view.getUint8(1) === 0x46
  const dataBytes = large ? Number(view.getBigUint64(place.ds64Size + 12, true)) : view.getUint32(place.dataSize, true)
  const same = wavHeader(sampleRate, dataBytes)
  return same.every((byte, index) => byte === bytes[index]) ? { sampleRate, dataBytes } : undefined
}
