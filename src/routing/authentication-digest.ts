// The one gate that passwords are checked at, for REGISTER and INVITE alike (RFC 3261 §22, RFC 8760): challenge, verify, slow down who
// guesses. Whoever does not exist is answered as whoever has the wrong password is, from the first byte to the delay.
import type { Log } from '../base/log.ts'
import { type DigestCredentials, parseChallenge, parseCredentials } from '../sip/digest.ts'
import type { ChallengeOptions, DigestVerifier } from '../sip/digest-verifier.ts'
import { type Header, headers } from '../sip/message.ts'
import { type OfferedAlgorithm, OfferedAlgorithms } from './authentication-algorithms.ts'
import { retryAfter } from './authentication-domains.ts'
import type { FailedLogins } from './failed-logins.ts'
import type { IncomingRequest } from './ports.ts'

/** Whom a username stands for. `key` names the account as claimed, so that guesses at nobody count too. */
export interface Claimed<Owner> {
  readonly key: string
  readonly owner: { readonly value: Owner; readonly password: string } | undefined
}

export interface DigestQuestion<Owner> {
  readonly incoming: IncomingRequest
  readonly realm: string
  /** Who of those behind an address asks, as far as the request says. */
  readonly party: string
  /** Milliseconds of the monotonic clock. */
  readonly now: number
  readonly claimed: (username: string) => Claimed<Owner>
}

/** `delayMs`: how long to hold the response back. */
export interface DigestDenial {
  readonly ok: false
  readonly status: 401 | 403
  readonly headers: readonly Header[]
  readonly delayMs: number
}

export type DigestAnswer<Owner> = { readonly ok: true; readonly owner: Owner } | DigestDenial

export interface DigestGateOptions {
  readonly verifier: DigestVerifier
  readonly failedLogins: FailedLogins
  readonly log: Log
}

/** Characters of a claimed account that are remembered and logged. */
const longestKey = 200

export class DigestGate {
  readonly #options: DigestGateOptions
  readonly #offered = new OfferedAlgorithms()

  constructor(options: DigestGateOptions) {
    this.#options = options
  }

  check<Owner>({ incoming, realm, party, now, claimed }: DigestQuestion<Owner>): DigestAnswer<Owner> {
    const { request, flow } = incoming
    const shown = credentialsFor(incoming, realm)
    const phone = `${realm} ${flow.remoteAddress} ${party.slice(0, longestKey)}`
    const source = flow.remoteAddress
    if (shown === undefined) return this.#challenge(realm, now, { source, offered: this.#offered.ask(phone) })
    const offered = this.#offered.shown(phone, shown.credentials.algorithm.hash)
    const { verifier, failedLogins, log } = this.#options
    const { key, owner } = claimed(shown.credentials.username)
    const attempt = { source, account: key.slice(0, longestKey), now }
    const seconds = failedLogins.refusedFor(attempt)
    if (seconds > 0) return { ok: false, status: 403, headers: [retryAfter(seconds)], delayMs: 0 }
    const usable = owner !== undefined && owner.password !== ''
    const verdict = verifier.verify({
      authorization: shown.text,
      realm,
      method: request.method,
      uri: request.uri,
      body: request.body,
      account: usable ? { username: shown.credentials.username, password: owner.password } : undefined,
      now,
      source,
    })
    if (verdict.ok && owner !== undefined) {
      failedLogins.succeeded(attempt)
      return { ok: true, owner: owner.value }
    }
    if (!verdict.ok && verdict.reason !== 'password') {
      return this.#challenge(realm, now, { source, offered, stale: verdict.stale })
    }
    const delayMs = failedLogins.failed(attempt)
    log.warn({ account: attempt.account, source, method: request.method, delayMs }, 'a SIP login failed')
    return { ...this.#challenge(realm, now, { source, offered }), delayMs }
  }

  /** 401 with a challenge for each algorithm, the strongest first (RFC 8760 §2.3). */
  #challenge(
    realm: string,
    now: number,
    { offered, ...of }: { readonly offered: readonly OfferedAlgorithm[] } & ChallengeOptions,
  ): DigestDenial {
    const isOffered = (value: string): boolean =>
      offered.some((algorithm) => parseChallenge(value)?.algorithm.hash === algorithm)
    const values = this.#options.verifier.challenge(realm, now, of).filter(isOffered)
    const fields = values.map((value) => ({ name: 'WWW-Authenticate', value }))
    return { ok: false, status: 401, headers: fields, delayMs: 0 }
  }
}

/** Credentials for this realm, whichever of the two headers holds them; undefined when there are none that can be read. */
export function credentialsFor(
  { request }: Pick<IncomingRequest, 'request'>,
  realm: string,
): { readonly text: string; readonly credentials: DigestCredentials } | undefined {
  for (const text of [...headers(request, 'Authorization'), ...headers(request, 'Proxy-Authorization')]) {
    const credentials = parseCredentials(text)
    if (credentials?.realm === realm) return { text, credentials }
  }
  return undefined
}
