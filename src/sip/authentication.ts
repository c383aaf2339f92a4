// Digest credentials of one session (RFC 3261 §22, RFC 8760): each request answers a challenge once; a stale nonce again.
import { answerChallenge, parseChallenge } from './digest.ts'
import type { Header, SipResponse } from './message.ts'
import type { Credentials } from './user-agent-io.ts'

/** Challenge and retry is bounded for each request: proxies on the way and stale nonces, no endless play. */
const mostAnswers = 5

export interface ChallengedRequest {
  readonly method: string
  readonly uri: string
  readonly body: Uint8Array
}

/** The challenges that one request met. */
export interface ChallengeChain {
  /** Whether to try again; remembers the challenges of this 401 or 407. */
  accept(response: SipResponse): boolean
  /** Authorization and Proxy-Authorization for the next try. */
  headers(request: ChallengedRequest): Header[]
}

export class Authentication {
  readonly #credentials: Credentials | undefined
  readonly #host: { token(length: number): string }
  /** How often each nonce was used (`nc`). */
  #uses: Map<string, number> | undefined

  constructor(credentials: Credentials | undefined, host: { token(length: number): string }) {
    this.#credentials = credentials
    this.#host = host
  }

  chain(): ChallengeChain {
    const realms = new Set<string>()
    const nonces = new Set<string>()
    const met = new Map<string, readonly Header[]>()
    let tries = 0
    return {
      accept: (response) => {
        const fresh = challengesOf(response).filter(({ value }) => {
          const challenge = parseChallenge(value)
          return (
            challenge !== undefined && !nonces.has(challenge.nonce) && (challenge.stale || !realms.has(challenge.realm))
          )
        })
        tries += 1
        if (this.#credentials === undefined || fresh.length === 0 || tries > mostAnswers) return false
        for (const { value } of fresh) {
          const challenge = parseChallenge(value)
          if (challenge !== undefined) realms.add(challenge.realm)
          if (challenge !== undefined) nonces.add(challenge.nonce)
        }
        met.set(response.status === 401 ? '401' : '407', fresh)
        return true
      },
      headers: (request) => [...met.values()].flatMap((challenges) => this.#answer(request, challenges)),
    }
  }

  #answer(request: ChallengedRequest, challenges: readonly Header[]): Header[] {
    const nonce = parseChallenge(challenges[0]?.value ?? '')?.nonce ?? ''
    this.#uses ??= new Map()
    const nc = (this.#uses.get(nonce) ?? 0) + 1
    this.#uses.set(nonce, nc)
    const { username, password } = this.#credentials ?? { username: '', password: '' }
    const { method, uri, body } = request
    const cnonce = this.#host.token(16)
    const answer = answerChallenge({ challenges, method, uri, body, username, password, cnonce, nc })
    return answer === undefined ? [] : [answer]
  }
}

const challengesOf = (response: SipResponse): Header[] =>
  response.headers.filter((entry) => {
    const wanted = response.status === 401 ? 'www-authenticate' : 'proxy-authenticate'
    return entry.name.toLowerCase() === wanted
  })
