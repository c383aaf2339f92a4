import { expect, test } from 'vitest'
import { hashPassword, verifyPassword } from './password.ts'

test('a hash is a PHC string with a salt of its own, and fits its password alone', async () => {
  const [first, second] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')])
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(first).not.toBe(second)
  expect(await verifyPassword('correct horse', first)).toBe(true)
  expect(await verifyPassword('correct Horse', first)).toBe(false)
})

test('a hash with other parameters is verified with those', async () => {
  // Vector of the reference implementation's test suite: argon2id, version 19, m=256, t=2, p=1.
  const stored = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
  expect(await verifyPassword('password', stored)).toBe(true)
  expect(await verifyPassword('Password', stored)).toBe(false)
})

test.each([undefined, '', 'plain', '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$aa'])(
  'no password fits %s',
  async (stored) => {
    expect(await verifyPassword('', stored)).toBe(false)
  },
)

test('without a hash it takes about as long as with one', async () => {
  const stored = await hashPassword('correct horse')
  const time = async (hash: string | undefined): Promise<number> => {
    const runs: number[] = []
    for (let run = 0; run < 5; run += 1) {
      const start = performance.now()
      await verifyPassword('wrong', hash)
      runs.push(performance.now() - start)
    }
    return Math.min(...runs)
  }
  const known = await time(stored)
  const unknown = await time(undefined)
  expect(unknown).toBeGreaterThan(known / 3)
  expect(unknown).toBeLessThan(known * 3)
})
