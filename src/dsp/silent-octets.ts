// Digital silence while it is still encoded: payloads that consist of one octet only need not be decoded to know what is in them.

export class SilentOctets {
  readonly octet: number
  /** Bits of each octet that count. */
  readonly mask: number

  constructor(octet: number, mask: number) {
    this.octet = octet
    this.mask = mask
  }

  /** Are `length` octets from `from` on nothing but silence? */
  fill(bytes: Uint8Array, from: number, length: number): boolean {
    const { octet, mask } = this
    for (let index = from; index < from + length; index += 1) if (((bytes[index] ?? 0) & mask) !== octet) return false
    return true
  }
}
