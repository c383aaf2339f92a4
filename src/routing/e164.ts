// Telephone numbers as ITU-T E.164 writes them: a plus, a country code, 5 to 15 digits. `+899` is the range of virtual ones.

const visualSeparators = /[\s().\u00a0-]/g

const plainOf = (text: string): string =>
  (text.split(';')[0] ?? '').replace(/^tel:/i, '').replaceAll(visualSeparators, '')

/** A number without its visual separators (RFC 3966 §5.1.1), when it is one with plus and country code. */
export function parseE164(text: string): string | undefined {
  const plain = plainOf(text)
  return /^\+[1-9][0-9]{4,14}$/.test(plain) ? plain : undefined
}

/** The number that a caller dials: with its plus, or the prefix `00`. Others are national or short, and cannot be told apart. */
export const dialledNumber = (user: string): string | undefined => parseE164(plainOf(user).replace(/^00(?=[1-9])/, '+'))

/** What a carrier may mean by the user part of a URI that it delivers a call to; many leave the plus out. */
export function deliveredNumbers(user: string): string[] {
  const plain = plainOf(user)
  const candidates = [dialledNumber(plain), /^[1-9][0-9]{6,14}$/.test(plain) ? `+${plain}` : undefined]
  return [...new Set(candidates.filter((number) => number !== undefined))]
}

/** Whether a caller's user part is a telephone number rather than a name. */
export const looksDialled = (user: string): boolean => /^\+?[0-9]{3,15}$/.test(plainOf(user))

/** Numbers that exist on this server only: no carrier reaches them. */
export const isVirtual = (number: string): boolean => number.startsWith('+899')

export const virtualPattern = /^\+899[0-9]{9}$/

/** The part of the virtual range that is kept for the server itself. */
export const isReserved = (number: string): boolean => number.startsWith('+899000')
