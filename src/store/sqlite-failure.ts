// SQLite's result codes (sqlite.org/rescode.html) as the failures that the store tells apart.
import { Bug, OperationalError } from '../base/errors.ts'
import { GuardFailed, UniqueFailed } from './database.ts'
import type { Failure } from './sqlite-protocol.ts'

/** Primary result codes, the low byte of an extended one. */
const primary = { error: 1, busy: 5, ioerr: 10, full: 13, constraint: 19, mismatch: 20, misuse: 21, range: 25 } as const
const wrongStatement: ReadonlySet<number> = new Set([
  primary.error,
  primary.constraint,
  primary.mismatch,
  primary.misuse,
  primary.range,
])
const passing: ReadonlySet<number> = new Set([primary.busy, primary.ioerr, primary.full])

/** @param error whatever node:sqlite threw */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const code = primaryCode(error)
  if (code === undefined) return { kind: 'bug', message }
  const unique = code === primary.constraint ? /^UNIQUE constraint failed: (\w+)\.(\w+)/.exec(message) : null
  if (unique) return { kind: 'unique', table: unique[1] ?? '', column: unique[2] ?? '' }
  if (wrongStatement.has(code)) return { kind: 'bug', message }
  return { kind: 'world', message, retryable: passing.has(code) }
}

/** The primary result code of an error of SQLite's; undefined for any other error. */
export function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

/** The error that callers of a Database see. */
export function errorOf(failure: Failure): Error {
  switch (failure.kind) {
    case 'guard':
      return new GuardFailed(failure.statement)
    case 'unique':
      return new UniqueFailed(failure.table, failure.column)
    case 'world':
      return new OperationalError(`the database failed: ${failure.message}`, { retryable: failure.retryable })
    case 'bug':
      return new Bug(`wrong database statement: ${failure.message}`)
  }
}
