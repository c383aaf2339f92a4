// Password hashing with argon2id (RFC 9106), kept as PHC strings so that the parameters can grow later.
// Parameters: OWASP's second choice for argon2id, 19 MiB of memory and 2 passes.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(argon2)

/** `m` is KiB of memory, `t` passes, `p` lanes. */
interface Cost {
  readonly m: number
  readonly t: number
  readonly p: number
}

const cost: Cost = { m: 19_456, t: 2, p: 1 }
const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** A PHC string with a fresh salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await tag(password, salt, cost, 32)
  return `$argon2id$v=19$m=${cost.m},t=${cost.t},p=${cost.p}$${text(salt)}$${text(hash)}`
}

/** Whether the password fits. Without a stored hash it takes as long as with one, and answers false. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const match = phc.exec(stored ?? '')
  if (!match) {
    await tag(password, Buffer.alloc(16), cost, 32)
    return false
  }
  const [, m, t, p, salt, hash] = match
  const expected = Buffer.from(hash ?? '', 'base64')
  const actual = await tag(
    password,
    Buffer.from(salt ?? '', 'base64'),
    { m: Number(m), t: Number(t), p: Number(p) },
    expected.length,
  )
  return timingSafeEqual(actual, expected)
}

function tag(password: string, nonce: Buffer, { m, t, p }: Cost, tagLength: number): Promise<Buffer> {
  return derive('argon2id', { message: password, nonce, parallelism: p, tagLength, memory: m, passes: t })
}

const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
