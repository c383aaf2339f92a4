// Direct hashes of resources that can be dialled as `sip:direct.<hash>@host`: one per resource, gone with it.
import { newDirectHash, newUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { DirectRow } from '../schema/rows.ts'
import { takenColumn } from './commit.ts'

/** How often a hash that is taken already is drawn again. */
const attempts = 3

export type DirectOwner = Pick<DirectRow, 'customer_id' | 'resource_type' | 'resource_id'>

/** The change that makes `hash` lead to the owner. */
export function insertDirect(ledger: Ledger, owner: DirectOwner, hash: string): Change {
  const row: DirectRow = {
    id: newUuid(),
    ...owner,
    hash,
    tm_create: ledger.timestamp(),
    tm_update: '',
    tm_delete: notDeleted,
  }
  return { insert: 'direct', row }
}

/** The changes that make the owner's hash lead nowhere, at once and for good. */
export async function dropDirects(ledger: Ledger, owner: DirectOwner, at: string): Promise<Change[]> {
  const { resource_type, resource_id } = owner
  const rows = await ledger.find('direct', { where: { resource_type, resource_id } })
  return rows.map((row) => ({ update: 'direct', id: row.id, set: { tm_update: at, tm_delete: at } }))
}

/** Runs `commit` with a new hash, and again with another one when it is taken. */
export async function withNewHash<T>(commit: (hash: string) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commit(newDirectHash())
    } catch (error) {
      if (takenColumn(error) !== 'hash' || attempt === attempts) throw error
    }
  }
}
