// Group commit: batches that wait together share one transaction, hence one sync of the disk, and each still succeeds or
// fails alone (a savepoint each).
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { RawRow } from './database.ts'
import { failureOf } from './sqlite-failure.ts'
import type { Batch, Failure, Outcome, RawStatement } from './sqlite-protocol.ts'

/** Prepared statements kept; shapes of updates are many, though not endless. */
const maxPrepared = 400

type BatchOutcome = RawRow[][] | Failure

export class SqliteConnection {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** One statement by itself; throws what SQLite throws. */
  read(sql: string, parameters: readonly unknown[]): RawRow[] {
    return this.#prepare(sql).all(...toInput(parameters)) as RawRow[]
  }

  /** As `read`, of a statement for one column of texts. */
  texts(sql: string, parameters: readonly unknown[]): string[] {
    const statement = this.#prepare(sql)
    // Objects with names would be made for nothing. No statement is read in both ways.
    statement.setReturnArrays(true)
    return statement.all(...toInput(parameters)).flatMap((row) => Object.values(row).map(String))
  }

  /** Outcomes in the order of the batches; when the shared commit fails, all fail. */
  commitGroup(batches: readonly Batch[]): Outcome[] {
    let outcomes: BatchOutcome[] = []
    let lost: Failure | undefined
    try {
      this.#run('BEGIN IMMEDIATE')
      outcomes = batches.map((batch) => this.#runBatch(batch.statements))
      this.#run('COMMIT')
    } catch (error) {
      lost = failureOf(error)
      if (this.#database.isTransaction) this.#run('ROLLBACK')
    }
    return batches.map(({ id }, index) => {
      const outcome = lost ?? outcomes[index] ?? []
      return Array.isArray(outcome) ? { id, rows: outcome } : { id, failure: outcome }
    })
  }

  /** Throws only when SQLite gave up the whole transaction, as on a full disk. */
  #runBatch(statements: readonly RawStatement[]): BatchOutcome {
    this.#run('SAVEPOINT batch')
    try {
      const rows: RawRow[][] = []
      for (const [index, { sql, parameters, guard }] of statements.entries()) {
        if (!guard) rows.push(this.read(sql, parameters))
        else if (this.#prepare(sql).run(...toInput(parameters)).changes === 1) rows.push([])
        else return this.#undo({ kind: 'guard', statement: index })
      }
      this.#run('RELEASE batch')
      return rows
    } catch (error) {
      if (!this.#database.isTransaction) throw error
      return this.#undo(failureOf(error))
    }
  }

  #undo(failure: Failure): Failure {
    this.#run('ROLLBACK TO batch')
    this.#run('RELEASE batch')
    return failure
  }

  #run(sql: string): void {
    this.#prepare(sql).run()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known) return known
    const oldest = this.#prepared.size >= maxPrepared ? this.#prepared.keys().next().value : undefined
    if (oldest !== undefined) this.#prepared.delete(oldest)
    const statement = this.#database.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }
}

/** Only text and integers are ever compiled in; node:sqlite itself refuses anything that it cannot bind. */
const toInput = (parameters: readonly unknown[]): SQLInputValue[] => [...parameters] as SQLInputValue[]
