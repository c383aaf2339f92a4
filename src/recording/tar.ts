// An archive of finished files in the ustar format (POSIX.1-2017, pax interchange, "ustar"), as blocks around files that stay where they are. Its
// length is known beforehand, so that any range of it can be sent.

export interface TarEntry {
  /** At most 100 octets of ASCII. */
  readonly name: string
  readonly bytes: number
  /** Seconds since 1970. */
  readonly modified: number
}

const block = 512
/** Largest size in eleven octal digits; beyond it the number is binary, as GNU tar and pax-reading programs know it. */
const largestOctal = 8 ** 11 - 1

/** The octets before an entry's content. */
export function tarHeader({ name, bytes, modified }: TarEntry): Uint8Array {
  const header = Buffer.alloc(block)
  header.write(name.slice(0, 100), 0, 'latin1')
  header.write('0000644\0', 100, 'latin1')
  header.write('0000000\0', 108, 'latin1')
  header.write('0000000\0', 116, 'latin1')
  if (bytes <= largestOctal) {
    header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  } else {
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(bytes), 128)
  }
  header.write(`${Math.max(0, Math.floor(modified)).toString(8).padStart(11, '0')}\0`, 136, 'latin1')
  header.write('        ', 148, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\u000000', 257, 'latin1')
  const sum = header.reduce((total, octet) => total + octet, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** Zeros after content of that many octets. */
export const tarPadding = (bytes: number): Uint8Array => new Uint8Array((block - (bytes % block)) % block)

/** The end of the archive. */
export const tarEnd = (): Uint8Array => new Uint8Array(2 * block)
