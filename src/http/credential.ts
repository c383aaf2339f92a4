// Where a request carries its credential. The first source that is not empty counts, even when it turns out to be bad.
import type { Credential } from '../account/authenticate.ts'
import { firstValue } from './query.ts'

export interface CredentialSources {
  readonly cookies: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly authorization: string | undefined
}

/** Cookie `token`, query `token`, `Authorization: Bearer`, cookie `accesskey`, query `accesskey`, in this order. */
export function findCredential({ cookies, query, authorization }: CredentialSources): Credential | undefined {
  const token = firstValue(cookies['token']) || firstValue(query['token'])
  if (token) return { kind: 'token', value: token }
  const bearer = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length).trim() : ''
  // An access key is welcome in the header; the names of parameter and cookie are not interchangeable.
  if (bearer) return { kind: bearer.startsWith('vb_') ? 'accesskey' : 'token', value: bearer }
  const accesskey = firstValue(cookies['accesskey']) || firstValue(query['accesskey'])
  return accesskey ? { kind: 'accesskey', value: accesskey } : undefined
}
