// CSeq (RFC 3261 §20.16, §8.1.1.5): a number below 2^31 and a method.
import { isToken, parseDecimal } from './grammar.ts'

export interface CSeq {
  readonly number: number
  readonly method: string
}

export const highestCSeq = 2 ** 31 - 1

/** Undefined when malformed or when the number is 2^31 or more. */
export function parseCSeq(text: string): CSeq | undefined {
  const match = /^(\d+)[ \t]+(\S+)$/.exec(text.trim())
  const number = parseDecimal(match?.[1] ?? '', highestCSeq)
  const method = match?.[2] ?? ''
  return number === undefined || !isToken(method) ? undefined : { number, method }
}
