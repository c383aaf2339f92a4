// One participant while it is alive: its row, its state machine, and the promise that its flow waits on.
import { Bug } from '../base/errors.ts'
import { step } from '../base/machine.ts'
import type { ConferencecallRow } from '../schema/rows.ts'
import { type ConferencecallEvent, conferencecallTable } from './conferencecall-state.ts'
import type { Phone } from './ports.ts'

/** Why a participant is no longer in its conference; the API shows it as `reason`. */
export type LeaveReason = 'kicked' | 'left' | 'hangup' | 'conference_ended' | 'partner_left' | 'failed'

export class Participant {
  readonly phone: Phone
  #row: ConferencecallRow
  readonly #gone: Promise<void>
  #resolveGone: () => void = () => {}

  constructor(row: ConferencecallRow, phone: Phone) {
    this.#row = row
    this.phone = phone
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve
    })
  }

  get row(): ConferencecallRow {
    return this.#row
  }

  /** Resolves once the participant is `leaved`. */
  get gone(): Promise<void> {
    return this.#gone
  }

  /** Takes the event and answers the fields to store when the status moved, undefined when the event means nothing now. */
  step(
    event: ConferencecallEvent,
    change: { readonly at: string; readonly reason?: LeaveReason },
  ): Partial<ConferencecallRow> | undefined {
    const { from, to, outcome } = step(conferencecallTable, this.#row.status, event, undefined)
    if (outcome === 'bug') throw new Bug(`conferencecall ${this.#row.id} got "${event.kind}" in ${from}`)
    if (outcome === 'ignored') return undefined
    const reason = change.reason !== undefined && this.#row.reason === '' ? { reason: change.reason } : {}
    const set = { status: to, tm_update: change.at, ...reason }
    this.#row = { ...this.#row, ...set }
    return set
  }

  /** Lets the flow that waits on the conference go on. */
  release(): void {
    this.#resolveGone()
  }
}
