// What is known of a fetched address: which file holds it and how long it may be used. Kept beside the audio as JSON, so that a restart fetches nothing anew.
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'

export const CacheRecord = Type.Object({
  /** SHA-256 of the address; the address itself may hold a password. */
  key: Type.String(),
  /** Name of the audio file. */
  file: Type.String(),
  /** Empty for none. */
  etag: Type.String(),
  lastModified: Type.String(),
  /** Wall clock, milliseconds. */
  freshUntil: Type.Number(),
  usableStale: Type.Boolean(),
})
export type CacheRecord = Static<typeof CacheRecord>

const check = Compile(CacheRecord)

/** Undefined for what is no record. */
export function parseRecord(text: string): CacheRecord | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return check.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
