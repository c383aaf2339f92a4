// The row of a call while it is alive: its state machine, and every change of it written with the events that report it.
import type { Log } from '../base/log.ts'
import { step } from '../base/machine.ts'
import type { Ledger, NewEvent } from '../event/ledger.ts'
import type { CallStatus } from '../schema/call.ts'
import type { CallRow } from '../schema/rows.ts'
import { callEvent } from './call-row.ts'
import { type CallEvent, callTable } from './call-state.ts'

export interface CallRecordDeps {
  readonly ledger: Ledger
  readonly log: Log
}

export class CallRecord {
  readonly #deps: CallRecordDeps
  #row: CallRow
  #stored = false
  #saved: Promise<unknown> = Promise.resolve()

  constructor(row: CallRow, deps: CallRecordDeps) {
    this.#row = row
    this.#deps = deps
  }

  get row(): CallRow {
    return this.#row
  }

  /** Resolves when all that was written so far is stored. */
  get saved(): Promise<unknown> {
    return this.#saved
  }

  /** Stores the new call with the events of its birth. Rejects when that fails: then there is no such call. */
  async insert(): Promise<void> {
    const row = this.#row
    const first = row.direction === 'incoming' ? 'ringing' : 'dialing'
    // One that was hung up before it was stored tells of that, too.
    const words = ['created', first, ...(row.status === first ? [] : [row.status])]
    this.#stored = true
    try {
      await this.#deps.ledger.commit([
        { insert: 'call', row },
        ...words.map((word) => ({ event: callEvent(word, row) })),
      ])
    } catch (error) {
      this.#stored = false
      throw error
    }
  }

  /** Takes an event of the call's life; answers the status it moved to, undefined when it did not. */
  move(event: CallEvent, fields: Partial<CallRow> = {}): CallStatus | undefined {
    const { from, to, outcome } = step(callTable, this.#row.status, event, undefined)
    const { log, ledger } = this.#deps
    if (outcome === 'bug')
      log.error({ call_id: this.#row.id, status: from, event: event.kind }, 'impossible call event')
    if (outcome !== 'moved') return undefined
    const at = ledger.timestamp()
    const stamps: Partial<Record<CallStatus, Partial<CallRow>>> = {
      ringing: { tm_ringing: at },
      progressing: { tm_progressing: at },
      hangup: { tm_hangup: at },
    }
    this.write({ ...fields, ...stamps[to], status: to, tm_update: at }, [to])
    log.info({ call_id: this.#row.id, from, to }, 'call')
    return to
  }

  /** Takes over fields that somebody else is committing. */
  amend(set: Partial<CallRow>): void {
    this.#row = { ...this.#row, ...set }
  }

  /** Changes fields and tells of it by events `call_<word>`. Commits keep their order, so nothing waits here. */
  write(set: Partial<CallRow>, words: readonly string[]): void {
    this.#row = { ...this.#row, ...set }
    if (!this.#stored) return
    const events: { readonly event: NewEvent }[] = words.map((word) => ({ event: callEvent(word, this.#row) }))
    const saved = this.#deps.ledger.commit([{ update: 'call', id: this.#row.id, set }, ...events])
    // What was stored is not kept for as long as the call lives.
    this.#saved = saved.then(
      () => undefined,
      (error: unknown) => this.#deps.log.error({ err: error, call_id: this.#row.id }, 'call state could not be stored'),
    )
  }
}
