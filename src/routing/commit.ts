// Commits whose expected failures are the caller's: a row that went away in the meantime, a value that is taken.
import { UserError } from '../base/errors.ts'
import { nilUuid } from '../base/ids.ts'
import { type Change, type Ledger, StaleRow } from '../event/ledger.ts'

export interface CommitFailures {
  /** The guard of an update found no row; without this the caller hears of StaleRow. */
  readonly gone?: () => UserError
  /** By unique column. */
  readonly taken?: Readonly<Record<string, () => UserError>>
}

export async function commitChanges(
  ledger: Ledger,
  changes: readonly Change[],
  { gone, taken = {} }: CommitFailures,
): Promise<void> {
  try {
    await ledger.commit(changes)
  } catch (error) {
    if (error instanceof StaleRow) throw gone?.() ?? error
    throw taken[takenColumn(error) ?? '']?.() ?? error
  }
}

/** How often a change is begun again because another one came first. */
const attempts = 5

/** Runs a change that reads, then commits under a guard; again when the guard found that another change came first. */
export async function whileStale<T>(change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change()
    } catch (error) {
      if (!(error instanceof StaleRow)) throw error
      if (attempt === attempts)
        throw new UserError('STATE_INVALID', `${error.message}, again and again; try once more`, { cause: error })
    }
  }
}

/** The unique column that a commit would have repeated. */
export function takenColumn(error: unknown): string | undefined {
  if (!(error instanceof UserError) || error.code !== 'ALREADY_EXISTS') return undefined
  const field = error.details[0]?.['field']
  return typeof field === 'string' ? field : undefined
}

/** An event of a customer that concerns no conference. */
export const eventChange = <T extends { readonly customer_id: string }>(type: string, data: T): Change => ({
  event: { type, customer_id: data.customer_id, conference_id: nilUuid, data: { ...data } },
})
