// The key that seals stored secrets: 32 random bytes in a file of their own beside the database, so that a copied database alone
// gives nothing away.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { OperationalError } from '../base/errors.ts'

const keyBytes = 32

/** Reads the key, or makes one on first use. Throws OperationalError when the file is there but is no key. */
export function readKeyFile(path: string): Buffer {
  try {
    writeFileSync(path, randomBytes(keyBytes), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
      throw new OperationalError(`the key file ${path} cannot be written`, { cause: error })
    }
  }
  const key = readFileSync(path)
  if (key.length !== keyBytes)
    throw new OperationalError(`${path} is not a key file (${key.length} bytes instead of ${keyBytes})`)
  return key
}
