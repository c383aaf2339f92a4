// Encryption at rest of secrets that must be read back, such as LINE credentials: AES-256-GCM (NIST SP 800-38D).
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { OperationalError } from '../base/errors.ts'

const version = 'v1'
const nonceBytes = 12
const tagBytes = 16

/** `v1.` and base64 of nonce, ciphertext and tag. An empty secret stays empty. @param key 32 bytes */
export function sealSecret(secret: string, key: Buffer): string {
  if (secret === '') return ''
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${version}.${sealed.toString('base64')}`
}

/** The secret again. Throws OperationalError when the key is another one or the text was changed. @param key 32 bytes */
export function openSecret(sealed: string, key: Buffer): string {
  if (sealed === '') return ''
  const bytes = Buffer.from(sealed.slice(version.length + 1), 'base64')
  if (!sealed.startsWith(`${version}.`) || bytes.length < nonceBytes + tagBytes) throw unreadable()
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw unreadable(cause)
  }
}

/** Both directions under one key, for whoever should not hold the key itself. @param key 32 bytes */
export const createSeal = (key: Buffer): { seal(secret: string): string; open(sealed: string): string } => ({
  seal: (secret) => sealSecret(secret, key),
  open: (sealed) => openSecret(sealed, key),
})

const unreadable = (cause?: unknown): OperationalError =>
  new OperationalError('a stored secret cannot be decrypted: the key file is not the one it was sealed with', { cause })
