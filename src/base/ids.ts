// Identifiers: UUIDs of resources, direct hashes, tokens. Random by node:crypto, so that they stay unique across nodes.
import { randomBytes, randomInt, randomUUID } from 'node:crypto'

/** Means "none" wherever the API carries an id. */
export const nilUuid = '00000000-0000-0000-0000-000000000000'

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const newUuid = (): string => randomUUID()

export const isUuid = (text: string): boolean => uuidPattern.test(text)

/** 12 lower-case hexadecimal digits (6 random bytes): the handle in `sip:direct.<hash>@host`. */
export const newDirectHash = (): string => randomBytes(6).toString('hex')

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** `length` letters and digits, each drawn without bias. */
export function newSecret(length: number): string {
  let text = ''
  for (let index = 0; index < length; index += 1) text += alphabet[randomInt(alphabet.length)]
  return text
}
