// A frozen customer: what the API tells of it, and when it is deleted for good, 30 days after it was frozen.
import { UserError } from '../base/errors.ts'
import { formatTimestamp } from '../base/time.ts'
import type { CustomerRow } from '../schema/rows.ts'

const graceMicros = 30 * 86_400 * 1e6

/** When a frozen customer is deleted, as a timestamp. */
export function deletionTime(row: CustomerRow): string {
  const text = row.tm_deletion_scheduled
  const ms = Date.parse(`${text.slice(0, 23).replace(' ', 'T')}Z`)
  return formatTimestamp(ms * 1000 + Number(text.slice(23)) + graceMicros)
}

export const isFrozen = (row: CustomerRow): boolean => row.status === 'frozen'

/** Whether the customer still exists at `now`: it was not deleted, and no frozen time has run out. */
export const exists = (row: CustomerRow, now: string): boolean =>
  row.status !== 'deleted' && row.status !== 'expired' && !(isFrozen(row) && deletionTime(row) <= now)

export const accountFrozen = (row: CustomerRow): UserError =>
  new UserError('ACCOUNT_FROZEN', 'this account is frozen and will be deleted: DELETE /auth/unregister takes it back', {
    details: [
      {
        deletion_scheduled_at: row.tm_deletion_scheduled,
        deletion_effective_at: deletionTime(row),
        recovery_endpoint: 'DELETE /auth/unregister',
      },
    ],
  })
