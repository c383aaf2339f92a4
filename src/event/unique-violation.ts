// The error of a commit that would give two rows the same value in a unique column; one wording for every ledger.
import { Bug, UserError } from '../base/errors.ts'

/** UserError `ALREADY_EXISTS` naming the field; a repeated `tm_create` is our own mistake, since the ledger hands them out. */
export function uniqueViolation(table: string, column: string): UserError | Bug {
  if (column === 'tm_create') return new Bug(`two rows of ${table} with one tm_create: take it from timestamp()`)
  return new UserError(
    'ALREADY_EXISTS',
    `${/^[aeiou]/.test(table) ? 'an' : 'a'} ${table} with this ${column} exists already`,
    {
      details: [{ resource: table, field: column }],
    },
  )
}
