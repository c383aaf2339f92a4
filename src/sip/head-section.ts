// Where the header section of a message ends and which lines it holds (RFC 3261 §7, §7.3.1 for folding). Shared by datagrams and streams.
import { trimSpace } from './grammar.ts'

/** Longest message, header section and body together: what one UDP datagram can carry. */
export const longestMessage = 65_535
/** Most header fields, counted after lists are split. */
export const mostHeaders = 256
/** Longest header field in characters, folded lines included. */
export const longestHeader = 8192

const CR = 13
const LF = 10

/** Index behind the CRs and LFs that may come before a message (§7.5). */
export function skipLineEnds(bytes: Uint8Array, from = 0): number {
  let index = from
  while (bytes[index] === CR || bytes[index] === LF) index += 1
  return index
}

/** Index behind the empty line that ends the header section, or -1. A bare LF ends a line too. */
export function headEnd(bytes: Uint8Array, from: number): number {
  for (let lf = bytes.indexOf(LF, from); lf >= 0; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf + 1] === LF) return lf + 2
    if (bytes[lf + 1] === CR && bytes[lf + 2] === LF) return lf + 3
  }
  return -1
}

const lossy = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** Text of bytes as UTF-8; what is not UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): { readonly text: string; readonly exact: boolean } {
  try {
    return { text: strict.decode(bytes), exact: true }
  } catch {
    return { text: lossy.decode(bytes), exact: false }
  }
}

/** Unfolded lines of a header section without their line ends; undefined when a CR stands where no line ends. */
export function unfoldedLines(text: string): string[] | undefined {
  const folded: string[][] = []
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line.includes('\r')) return undefined
    const current = folded.at(-1)
    if (folded.length > 1 && current && (line.startsWith(' ') || line.startsWith('\t'))) current.push(trimSpace(line))
    else if (line !== '') folded.push([line])
  }
  return folded.map((pieces) => pieces.join(' '))
}
