// Which digest algorithms a 401 offers. SHA-256 and MD5 as RFC 8760 wants it, but phones in wide use (baresip 1, SIPp 3.6) give up when
// they meet a name that they do not know, wherever it stands: whoever leaves such a 401 unanswered and asks again is offered MD5 alone.
import type { HashName } from '../sip/digest.ts'

export type OfferedAlgorithm = Extract<HashName, 'SHA-256' | 'MD5'>

const both: readonly OfferedAlgorithm[] = ['SHA-256', 'MD5']
const onlyMd5: readonly OfferedAlgorithm[] = ['MD5']

/** Phones remembered; the least recently heard of are forgotten beyond, and offered both again. */
const mostRemembered = 20_000

export class OfferedAlgorithms {
  /** Offered both and not heard of since, or known to use MD5. */
  readonly #phones = new Map<string, 'asked' | 'MD5'>()

  get size(): number {
    return this.#phones.size
  }

  /** What to offer a phone that shows no credentials. */
  ask(phone: string): readonly OfferedAlgorithm[] {
    const first = !this.#phones.has(phone)
    this.#remember(phone, first ? 'asked' : 'MD5')
    return first ? both : onlyMd5
  }

  /** What to offer a phone that shows credentials, should they not do. */
  shown(phone: string, hash: HashName): readonly OfferedAlgorithm[] {
    if (hash === 'MD5') {
      this.#remember(phone, 'MD5')
      return onlyMd5
    }
    this.#phones.delete(phone)
    return both
  }

  #remember(phone: string, what: 'asked' | 'MD5'): void {
    this.#phones.delete(phone)
    this.#phones.set(phone, what)
    if (this.#phones.size <= mostRemembered) return
    const oldest = this.#phones.keys().next().value
    if (oldest !== undefined) this.#phones.delete(oldest)
  }
}
