// Via branches of ours (RFC 3261 §8.1.1.7): each carries a check that only this process can make, so that a request which comes
// back to us is recognised without keeping any of them (loop detection, §16.3 item 4).
import { createHash } from 'node:crypto'
import { defaultPort, type Transport } from './flow.ts'
import { sameHost } from './host.ts'
import { headers, type SipRequest } from './message.ts'
import { parseVia, type Via } from './via.ts'

export const magicCookie = 'z9hG4bK'
const randomDigits = 16
const checkDigits = 12

/** What Via and Contact say of us. */
export interface SentBy {
  readonly address: string
  /** Of UDP and TCP. */
  readonly port: number
  /** Absent when we do not listen for TLS. */
  readonly tlsPort?: number
}

export const sentByPort = (sentBy: SentBy, transport: Transport): number =>
  transport === 'TLS' ? (sentBy.tlsPort ?? sentBy.port) : sentBy.port

export interface Branches {
  mint(): string
  /** Whether some Via of the request is one that we wrote. */
  isLooped(request: SipRequest): boolean
  /** A tag that is the same for the same text as long as we live: for answers without state (§8.2.7). */
  statelessTag(text: string): string
}

export function createBranches(token: (length: number) => string, sentBy: SentBy): Branches {
  const secret = token(32)
  const check = (text: string): string => createHash('sha256').update(`${secret}${text}`).digest('hex')
  const isOurs = (branch: string): boolean => {
    const random = branch.slice(magicCookie.length, magicCookie.length + randomDigits)
    return branch === `${magicCookie}${random}${check(random).slice(0, checkDigits)}`
  }
  return {
    mint: () => {
      const random = token(randomDigits)
      return `${magicCookie}${random}${check(random).slice(0, checkDigits)}`
    },
    isLooped: (request) =>
      headers(request, 'Via').some((value) => {
        const via = parseVia(value)
        return via?.branch !== undefined && isSentBy(via, sentBy) && isOurs(via.branch)
      }),
    statelessTag: (text) => check(`tag ${text}`).slice(0, 16),
  }
}

/** Whether a Via names us, on either of our ports. */
export function isSentBy(via: Pick<Via, 'transport' | 'host' | 'port'>, sentBy: SentBy): boolean {
  const port = via.port ?? defaultPort(via.transport)
  return sameHost(via.host, sentBy.address) && (port === sentBy.port || port === sentBy.tlsPort)
}
