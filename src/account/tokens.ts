// Bearer tokens: JWT (RFC 7519) signed with HS256, under a key that the ledger keeps, so that they outlive a restart.
import { createHash, randomBytes } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { type Clock, formatTimestamp, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Agent } from '../schema/account.ts'
import type { AgentRow } from '../schema/rows.ts'

const agentSeconds = 7 * 86_400
const delegateSeconds = 8 * 3_600
const audience = 'voipbin-api'
const keyName = 'jwt_key'

/** What a valid token says. `stamp` ties it to the password that was current when it was made. */
export type TokenClaims =
  | { readonly type: 'agent'; readonly agentId: string; readonly stamp: string }
  | { readonly type: 'delegate'; readonly agentId: string; readonly stamp: string; readonly customerId: string }
  | { readonly type: 'direct' }

export interface Tokens {
  /** A token of the agent for seven days. */
  forAgent(row: AgentRow, shown: Agent): Promise<string>
  /** A token with which the agent acts as admin of a customer for eight hours, and when it ends. */
  forDelegate(row: AgentRow, customerId: string): Promise<{ token: string; expire: string }>
  /** Throws INVALID_CREDENTIALS for anything that we did not sign or that has expired. */
  verify(token: string): Promise<TokenClaims>
}

/** Changes with the password, so that a token of the old one can be told; says nothing about the password. */
export const passwordStamp = (row: AgentRow): string =>
  createHash('sha256').update(row.password_hash).digest('base64url').slice(0, 16)

export function createTokens(ledger: Ledger, clock: Pick<Clock, 'wallMicros'>): Tokens {
  let loading: Promise<Uint8Array> | undefined
  const key = (): Promise<Uint8Array> => {
    loading ??= signingKey(ledger).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  const sign = async (claims: Record<string, unknown>, seconds: number): Promise<{ token: string; expire: string }> => {
    const now = clock.wallMicros()
    const expire = formatTimestamp(now + seconds * 1e6)
    const issued = Math.floor(now / 1e6)
    const token = await new SignJWT({ ...claims, expire: `${expire.replace(' ', 'T')}Z` })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(issued)
      .setExpirationTime(issued + seconds)
      .sign(await key())
    return { token, expire }
  }
  return {
    async forAgent(row, shown) {
      const claims = { type: 'agent', sub: row.id, agent: shown, stamp: passwordStamp(row) }
      return (await sign(claims, agentSeconds)).token
    },
    forDelegate(row, customerId) {
      const claims = { type: 'delegate', sub: row.id, aud: audience, jti: newUuid(), customer_id: customerId }
      return sign({ ...claims, stamp: passwordStamp(row) }, delegateSeconds)
    },
    async verify(token) {
      try {
        const currentDate = new Date(clock.wallMicros() / 1000)
        const { payload } = await jwtVerify(token, await key(), { algorithms: ['HS256'], currentDate })
        return claimsOf(payload)
      } catch (cause) {
        if (cause instanceof errors.JOSEError) throw invalidCredentials(cause)
        throw cause
      }
    },
  }
}

export const invalidCredentials = (cause?: unknown): UserError =>
  new UserError(
    'INVALID_CREDENTIALS',
    'the token or access key is not valid or has expired: log in again or use another key',
    { cause },
  )

function claimsOf(payload: Readonly<Record<string, unknown>>): TokenClaims {
  const { type, sub, stamp, customer_id: customerId } = payload
  if (type === 'direct') return { type }
  if (typeof sub !== 'string' || typeof stamp !== 'string') throw invalidCredentials()
  if (type === 'agent') return { type, agentId: sub, stamp }
  if (type === 'delegate' && typeof customerId === 'string') return { type, agentId: sub, stamp, customerId }
  throw invalidCredentials()
}

/** The stored key; the first to ask makes it, and when two do at once, the ledger lets one win. */
async function signingKey(ledger: Ledger): Promise<Uint8Array> {
  const stored = await ledger.get('setting', keyName)
  if (stored) return Buffer.from(stored.value, 'base64')
  const value = randomBytes(32).toString('base64')
  const now = ledger.timestamp()
  try {
    const row = { id: keyName, value, tm_create: now, tm_update: '', tm_delete: notDeleted }
    await ledger.commit([{ insert: 'setting', row }])
  } catch (error) {
    const winner = await ledger.get('setting', keyName)
    if (!winner) throw error
    return Buffer.from(winner.value, 'base64')
  }
  return Buffer.from(value, 'base64')
}
