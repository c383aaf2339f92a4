// The server side of digest authentication (RFC 7616 §3.3, §3.4, §5.4; RFC 8760 §2.4): nonces that need no memory, replay detection that
// needs little, and a comparison that takes the same time whatever is wrong.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type DigestCredentials, digestHash, digestResponse, type HashName, parseCredentials } from './digest.ts'
import { quote } from './grammar.ts'
import { parseUri, uriEquals } from './uri.ts'

export interface DigestVerifierOptions {
  /** Secret of this server, at least 16 random bytes; nonces of another key are stale. */
  readonly key: Uint8Array
  /** Milliseconds that a nonce may be used. Default 5 minutes. */
  readonly lifetimeMs?: number
  /** Nonces whose counts are remembered; older ones become stale first. Default 10000. */
  readonly mostNonces?: number
}

export interface VerifyInput {
  /** Value of Authorization or Proxy-Authorization. */
  readonly authorization: string
  readonly realm: string
  readonly method: string
  /** Request-URI as received. */
  readonly uri: string
  readonly body?: Uint8Array
  /** Who is asked for, and the password; undefined for nobody we know, which fails like a wrong password. */
  readonly account: { readonly username: string; readonly password: string } | undefined
  /** Milliseconds, the same clock as for `challenge`. */
  readonly now: number
  /** As for `challenge`. */
  readonly source?: string
}

export interface ChallengeOptions {
  readonly stale?: boolean
  /** Address that the nonce is for; from any other it is stale: who forges where requests come from cannot read the answers there. */
  readonly source?: string
}

export type Verdict =
  | { readonly ok: true; readonly username: string }
  /** `stale`: everything was right but the nonce; challenge again with it, and the client repeats without asking its user. */
  | {
      readonly ok: false
      readonly stale: boolean
      readonly reason: 'malformed' | 'realm' | 'uri' | 'nonce' | 'replay' | 'password'
    }

const macBytes = 16

export class DigestVerifier {
  readonly #key: Uint8Array
  readonly #lifetimeMs: number
  readonly #mostNonces: number
  /** Highest nonce count seen, oldest nonce first. */
  readonly #counts = new Map<string, { issuedAt: number; highest: number }>()
  /** Nonces issued up to here and not remembered any more are stale. */
  #forgottenUpTo = Number.NEGATIVE_INFINITY
  #serial = 0

  constructor(options: DigestVerifierOptions) {
    this.#key = options.key
    this.#lifetimeMs = options.lifetimeMs ?? 300_000
    this.#mostNonces = options.mostNonces ?? 10_000
  }

  /** Nonces whose counts are remembered now. */
  get rememberedNonces(): number {
    return this.#counts.size
  }

  /** WWW-Authenticate (or Proxy-Authenticate) values, strongest algorithm first, for one response. */
  challenge(realm: string, now: number, { stale = false, source = '' }: ChallengeOptions = {}): string[] {
    const nonce = this.#issue(`${realm} ${source}`, now)
    const tail = `nonce="${nonce}", qop="auth,auth-int"${stale ? ', stale=true' : ''}`
    return (['SHA-256', 'MD5'] satisfies HashName[]).map(
      (hash) => `Digest realm=${quote(realm)}, algorithm=${hash}, ${tail}`,
    )
  }

  verify(input: VerifyInput): Verdict {
    const credentials = parseCredentials(input.authorization)
    if (!credentials || credentials.qop === undefined || !credentials.nc || !credentials.cnonce)
      return refuse('malformed')
    if (credentials.realm !== input.realm) return refuse('realm')
    if (!sameUri(credentials.uri, input.uri)) return refuse('uri')
    if (!this.#matches(credentials, input)) return refuse('password')
    const issuedAt = this.#issuedAt(credentials.nonce, `${input.realm} ${input.source ?? ''}`)
    if (issuedAt === undefined || issuedAt > input.now || input.now - issuedAt > this.#lifetimeMs)
      return refuse('nonce', true)
    if (!this.#count(credentials.nonce, issuedAt, Number.parseInt(credentials.nc, 16))) return refuse('replay', true)
    return { ok: true, username: input.account?.username ?? credentials.username }
  }

  #matches(credentials: DigestCredentials, input: VerifyInput): boolean {
    const username = input.account?.username ?? credentials.username
    const { algorithm, realm, nonce, uri, qop, cnonce, nc } = credentials
    const expected = digestResponse({
      algorithm,
      username,
      realm,
      nonce,
      uri,
      password: input.account?.password ?? '',
      method: input.method,
      ...(qop && { qop }),
      ...(cnonce && { cnonce }),
      ...(nc && { nc }),
      ...(input.body && { body: input.body }),
    })
    const named = credentials.userhash ? digestHash(algorithm.hash, username, realm) : username
    const right = sameText(credentials.response, expected)
    return sameText(credentials.username, named) && right && input.account !== undefined
  }

  /** 8 bytes of milliseconds, 8 bytes of serial number, and the authentication code of both and the realm with its source. */
  #issue(place: string, now: number): string {
    const stamp = Buffer.alloc(16)
    stamp.writeDoubleBE(now, 0)
    stamp.writeBigUInt64BE(BigInt(this.#serial), 8)
    this.#serial += 1
    return Buffer.concat([stamp, this.#mac(stamp, place)]).toString('base64url')
  }

  #mac(stamp: Uint8Array, place: string): Buffer {
    return createHmac('sha256', this.#key).update(stamp).update(place).digest().subarray(0, macBytes)
  }

  #issuedAt(nonce: string, place: string): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url')
    if (bytes.length !== 16 + macBytes || bytes.toString('base64url') !== nonce) return undefined
    const stamp = bytes.subarray(0, 16)
    return timingSafeEqual(bytes.subarray(16), this.#mac(stamp, place)) ? stamp.readDoubleBE(0) : undefined
  }

  /** Whether this count is new. Counts must grow; a lost request leaves a gap, which is fine. */
  #count(nonce: string, issuedAt: number, count: number): boolean {
    const known = this.#counts.get(nonce)
    if (count === 0 || (known ? count <= known.highest : issuedAt <= this.#forgottenUpTo)) return false
    this.#counts.delete(nonce)
    this.#counts.set(nonce, { issuedAt, highest: count })
    for (const [oldest, { issuedAt: at }] of this.#counts) {
      if (this.#counts.size <= this.#mostNonces) break
      this.#counts.delete(oldest)
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, at)
    }
    return true
  }
}

const refuse = (reason: Exclude<Verdict, { ok: true }>['reason'], stale = false): Verdict => ({
  ok: false,
  stale,
  reason,
})

function sameUri(left: string, right: string): boolean {
  if (left === right) return true
  const [parsedLeft, parsedRight] = [parseUri(left), parseUri(right)]
  return parsedLeft !== undefined && parsedRight !== undefined && uriEquals(parsedLeft, parsedRight)
}

/** Compares in a time that depends on the lengths only. */
function sameText(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)]
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes)
}
