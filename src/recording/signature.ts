// Signed, short-lived addresses of recordings: HMAC-SHA-256 (RFC 2104) over the id and the end of validity, under a key that the ledger keeps.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../base/time.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'

const keyName = 'recording_url_key'
/** How long an address may be opened; a download that has begun goes on. */
const validSeconds = 300

export interface Signer {
  /** A token for that id: when it ends, in seconds since 1970, a point, and the signature. */
  sign(id: string): Promise<string>
  /** Whether we signed it for that id and its time is not over. */
  verify(id: string, token: string): Promise<boolean>
}

export function createSigner(ledger: Ledger, clock: Pick<Clock, 'wallMicros'>): Signer {
  let loading: Promise<Buffer> | undefined
  const key = (): Promise<Buffer> => {
    loading ??= storedKey(ledger).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  const now = (): number => Math.floor(clock.wallMicros() / 1e6)
  const mac = async (id: string, expires: number): Promise<Buffer> =>
    createHmac('sha256', await key())
      .update(`${id} ${expires}`)
      .digest()
  return {
    async sign(id) {
      const expires = now() + validSeconds
      return `${expires}.${(await mac(id, expires)).toString('base64url')}`
    },
    async verify(id, token) {
      const [, until, signature] = /^(\d{1,12})\.([\w-]+)$/.exec(token) ?? []
      if (until === undefined || signature === undefined) return false
      const expires = Number(until)
      // Compared as texts: the last of its letters has bits that mean nothing.
      const given = Buffer.from(signature)
      const right = Buffer.from((await mac(id, expires)).toString('base64url'))
      return expires > now() && given.length === right.length && timingSafeEqual(given, right)
    },
  }
}

async function storedKey(ledger: Ledger): Promise<Buffer> {
  const found = await ledger.get('setting', keyName)
  if (found) return Buffer.from(found.value, 'base64')
  const value = randomBytes(32).toString('base64')
  const row = { id: keyName, value, tm_create: ledger.timestamp(), tm_update: '', tm_delete: notDeleted }
  try {
    await ledger.commit([{ insert: 'setting', row }])
  } catch (error) {
    // Another node was first.
    const other = await ledger.get('setting', keyName)
    if (other) return Buffer.from(other.value, 'base64')
    throw error
  }
  return Buffer.from(value, 'base64')
}
