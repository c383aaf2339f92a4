// Digest authentication (RFC 7616, RFC 8760, RFC 3261 §22): header grammar, the response computation, and the client's answer.
import { createHash } from 'node:crypto'
import { isToken, quote, splitOutsideQuotes, unquote } from './grammar.ts'
import type { Header } from './message.ts'

/** Hash names of node:crypto, strongest first: the order in which a client prefers them. */
const hashes = { 'SHA-512-256': 'sha512-256', 'SHA-256': 'sha256', MD5: 'md5' } as const
const preference = Object.keys(hashes)

export type HashName = keyof typeof hashes
export type QualityOfProtection = 'auth' | 'auth-int'

export interface Algorithm {
  readonly hash: HashName
  /** The `-sess` variants, which mix both nonces into the key. */
  readonly session: boolean
}

export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque?: string
  readonly stale: boolean
  readonly algorithm: Algorithm
  /** The name as the server wrote it; absent when it relied on the default MD5. */
  readonly algorithmName?: string
  /** The values that we know; empty when the server sent no qop (RFC 2069). */
  readonly qop: readonly QualityOfProtection[]
  readonly userhash: boolean
}

export interface DigestCredentials {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  readonly algorithm: Algorithm
  readonly opaque?: string
  readonly qop?: QualityOfProtection
  readonly cnonce?: string
  /** As sent: eight hexadecimal digits. */
  readonly nc?: string
  readonly userhash: boolean
}

/** `undefined` for an algorithm that we do not know. No name means MD5 (RFC 7616 §3.3). */
export function parseAlgorithm(name: string | undefined): Algorithm | undefined {
  const upper = (name ?? 'MD5').toUpperCase()
  const session = upper.endsWith('-SESS')
  const hash = session ? upper.slice(0, -5) : upper
  return isHashName(hash) ? { hash, session } : undefined
}

const isHashName = (name: string): name is HashName => Object.hasOwn(hashes, name)

const isQop = (text: string): text is QualityOfProtection => text === 'auth' || text === 'auth-int'

const longestValue = 4096

/** The `name=value` pairs behind `Digest`, names in lower case, quotes resolved; undefined for another scheme or bad grammar. */
function parseFields(text: string): ReadonlyMap<string, string> | undefined {
  const match = /^Digest[ \t]+(?=\S)/i.exec(text.trim())
  if (!match || text.length > longestValue) return undefined
  const pieces = splitOutsideQuotes(text.trim().slice(match[0].length), ',')
  if (pieces === undefined) return undefined
  const fields = new Map<string, string>()
  for (const piece of pieces) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = piece.slice(0, Math.max(equals, 0)).trim().toLowerCase()
    if (!isToken(name) || fields.has(name)) return undefined
    fields.set(name, unquote(piece.slice(equals + 1).trim()))
  }
  return fields
}

/** A WWW-Authenticate or Proxy-Authenticate value; undefined when it is no Digest challenge that we can answer. */
export function parseChallenge(text: string): DigestChallenge | undefined {
  const fields = parseFields(text)
  const realm = fields?.get('realm')
  const nonce = fields?.get('nonce')
  const algorithmName = fields?.get('algorithm')
  const algorithm = parseAlgorithm(algorithmName)
  if (fields === undefined || realm === undefined || nonce === undefined || algorithm === undefined) return undefined
  const offered = fields.get('qop')
  const qop = (offered ?? '')
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter(isQop)
  if (offered !== undefined && qop.length === 0) return undefined
  const opaque = fields.get('opaque')
  return {
    realm,
    nonce,
    algorithm,
    qop,
    stale: fields.get('stale')?.toLowerCase() === 'true',
    userhash: fields.get('userhash')?.toLowerCase() === 'true',
    ...(opaque !== undefined && { opaque }),
    ...(algorithmName !== undefined && { algorithmName }),
  }
}

/** An Authorization or Proxy-Authorization value; undefined when it is malformed, another scheme or an unknown algorithm. */
export function parseCredentials(text: string): DigestCredentials | undefined {
  const fields = parseFields(text)
  const algorithm = parseAlgorithm(fields?.get('algorithm'))
  if (fields === undefined || algorithm === undefined) return undefined
  const username = fields.get('username') ?? extendedValue(fields.get('username*'))
  const [realm, nonce, uri, response] = ['realm', 'nonce', 'uri', 'response'].map((name) => fields.get(name))
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) return undefined
  if (response === undefined || !/^[0-9a-f]{32,128}$/i.test(response)) return undefined
  const qop = fields.get('qop')?.toLowerCase()
  const nc = fields.get('nc')
  if ((qop !== undefined && !isQop(qop)) || (nc !== undefined && !/^[0-9a-f]{8}$/i.test(nc))) return undefined
  const cnonce = fields.get('cnonce')
  const opaque = fields.get('opaque')
  const userhash = fields.get('userhash')?.toLowerCase() === 'true'
  return {
    username,
    realm,
    nonce,
    uri,
    algorithm,
    userhash,
    response: response.toLowerCase(),
    ...(qop !== undefined && { qop }),
    ...(nc !== undefined && { nc }),
    ...(cnonce !== undefined && { cnonce }),
    ...(opaque !== undefined && { opaque }),
  }
}

/** `UTF-8''percent-encoded` (RFC 8187). */
function extendedValue(text: string | undefined): string | undefined {
  const encoded = /^UTF-8'[^']*'(.*)$/i.exec(text ?? '')?.[1]
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

export const digestHash = (hash: HashName, ...parts: readonly (string | Uint8Array)[]): string => {
  const state = createHash(hashes[hash])
  parts.forEach((part, index) => {
    if (index > 0) state.update(':')
    state.update(part)
  })
  return state.digest('hex')
}

export interface ResponseInput {
  readonly algorithm: Algorithm
  readonly username: string
  readonly realm: string
  readonly password: string
  readonly nonce: string
  readonly method: string
  readonly uri: string
  readonly qop?: QualityOfProtection
  readonly cnonce?: string
  readonly nc?: string
  /** Hashed for `auth-int` only. */
  readonly body?: Uint8Array
}

/** The `response` value in lower-case hexadecimal (RFC 7616 §3.4.1-3.4.3). */
export function digestResponse(input: ResponseInput): string {
  const { hash, session } = input.algorithm
  const cnonce = input.cnonce ?? ''
  const key = digestHash(hash, input.username, input.realm, input.password)
  const a1 = session ? digestHash(hash, key, input.nonce, cnonce) : key
  const bodyHash = input.qop === 'auth-int' ? [digestHash(hash, input.body ?? '')] : []
  const a2 = digestHash(hash, input.method, input.uri, ...bodyHash)
  if (input.qop === undefined) return digestHash(hash, a1, input.nonce, a2)
  return digestHash(hash, a1, input.nonce, input.nc ?? '', cnonce, input.qop, a2)
}

export interface AnswerInput {
  /** Headers of the 401 or 407; those that are no challenges are passed over. */
  readonly challenges: readonly Header[]
  readonly method: string
  /** Request-URI of the request that will carry the answer. */
  readonly uri: string
  readonly username: string
  readonly password: string
  readonly body?: Uint8Array
  /** Fresh random text of ours. */
  readonly cnonce: string
  /** How many requests used this nonce, this one included: 1 for the first. */
  readonly nc: number
}

const answers: Readonly<Record<string, string>> = {
  'www-authenticate': 'Authorization',
  'proxy-authenticate': 'Proxy-Authorization',
}

/** Answers the strongest challenge that we support; undefined when there is none. */
export function answerChallenge(input: AnswerInput): Header | undefined {
  let best: { name: string; challenge: DigestChallenge } | undefined
  for (const entry of input.challenges) {
    const name = answers[entry.name.toLowerCase()]
    const challenge = name === undefined ? undefined : parseChallenge(entry.value)
    if (name === undefined || challenge === undefined) continue
    if (best === undefined || rank(challenge) < rank(best.challenge)) best = { name, challenge }
  }
  return best && { name: best.name, value: formatAnswer(best.challenge, input) }
}

const rank = (challenge: DigestChallenge): number => preference.indexOf(challenge.algorithm.hash)

function formatAnswer(challenge: DigestChallenge, input: AnswerInput): string {
  const { realm, nonce, algorithm } = challenge
  const qop = challenge.qop.includes('auth') ? 'auth' : challenge.qop[0]
  const nc = input.nc.toString(16).padStart(8, '0')
  const { method, uri, username, password, cnonce } = input
  const body = input.body === undefined ? {} : { body: input.body }
  const response = digestResponse({
    algorithm,
    username,
    realm,
    password,
    nonce,
    method,
    uri,
    cnonce,
    nc,
    ...body,
    ...(qop && { qop }),
  })
  const shownName = challenge.userhash ? digestHash(algorithm.hash, username, realm) : username
  const fields = [`username=${quote(shownName)}`, `realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `uri=${quote(uri)}`]
  fields.push(`response="${response}"`)
  if (challenge.algorithmName !== undefined) fields.push(`algorithm=${challenge.algorithmName}`)
  if (qop !== undefined || algorithm.session) fields.push(`cnonce=${quote(cnonce)}`)
  if (challenge.opaque !== undefined) fields.push(`opaque=${quote(challenge.opaque)}`)
  if (qop !== undefined) fields.push(`qop=${qop}`, `nc=${nc}`)
  if (challenge.userhash) fields.push('userhash=true')
  return `Digest ${fields.join(', ')}`
}
