// Participants as a service: read and kick. They come in through flow actions only.
import { UserError } from '../base/errors.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Conferencecall } from '../schema/conference.ts'
import type { ConferencecallRow } from '../schema/rows.ts'
import type { Paging } from './conferences.ts'
import type { Focus } from './focus.ts'
import { conferencecallEvent } from './presentation.ts'

export class Conferencecalls {
  readonly #ledger: Ledger
  readonly #focus: Focus

  constructor(ledger: Ledger, focus: Focus) {
    this.#ledger = ledger
    this.#focus = focus
  }

  async get(customerId: string, id: string): Promise<Conferencecall> {
    return this.#own(customerId, id)
  }

  /** Newest first, those that have left included. */
  list(customerId: string, page: Paging): Promise<Conferencecall[]> {
    return this.#ledger.find('conferencecall', { where: { customer_id: customerId }, ...page })
  }

  /** Answers the participant in `leaving`. Throws STATE_INVALID when it is leaving or has left. */
  async kick(customerId: string, id: string): Promise<Conferencecall> {
    return this.#focus.kick(await this.#own(customerId, id))
  }

  /** Closes what a dead process left behind. */
  async recover(): Promise<void> {
    for (const status of ['joining', 'joined', 'leaving'] as const) {
      for (const row of await this.#ledger.find('conferencecall', { where: { status } })) {
        const set = {
          status: 'leaved',
          reason: row.reason || 'server_restarted',
          tm_update: this.#ledger.timestamp(),
        } as const
        await this.#ledger.commit([
          { update: 'conferencecall', id: row.id, set },
          { event: conferencecallEvent({ ...row, ...set }) },
        ])
      }
    }
  }

  async #own(customerId: string, id: string): Promise<ConferencecallRow> {
    const row = await this.#ledger.get('conferencecall', id)
    if (row === undefined || row.customer_id !== customerId)
      throw new UserError('CONFERENCECALL_NOT_FOUND', `conferencecall ${id} does not exist`)
    return row
  }
}
