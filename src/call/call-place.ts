// Where a call speaks: with one other in a bridge, or in a conference. And how a call enters a conference other than by its flow.
import { UserError } from '../base/errors.ts'
import type { Ledger } from '../event/ledger.ts'
import type { FlowConferences } from '../flow/ports.ts'
import type { Bridges } from './bridges.ts'
import type { LiveCall } from './live-call.ts'

export type Place =
  | { readonly kind: 'bridge'; readonly partner: LiveCall }
  | { readonly kind: 'conference'; readonly conferenceId: string }
  /** With nobody: its flow plays to it. */
  | { readonly kind: 'alone' }

export interface PlacesOptions {
  readonly ledger: Ledger
  readonly bridges: Bridges
  /** Absent: calls enter conferences by their flows only. */
  readonly conferences: FlowConferences | undefined
}

export class Places {
  readonly #options: PlacesOptions

  constructor(options: PlacesOptions) {
    this.#options = options
  }

  async of(call: LiveCall): Promise<Place> {
    const { ledger, bridges } = this.#options
    const partner = bridges.partnerOf(call)
    if (partner !== undefined) return { kind: 'bridge', partner }
    const where = { reference_id: call.id, status: 'joined' } as const
    const [participant] = await ledger.find('conferencecall', { where, limit: 1 })
    if (participant === undefined) return { kind: 'alone' }
    return { kind: 'conference', conferenceId: participant.conference_id }
  }

  /**
   * Admits a call to a conference of its customer. Throws UserError for one that it cannot enter: then it stays where it is. The answer
   * takes it out of its bridge at once and into the conference, and resolves when it is in the mix or could not enter.
   */
  async admit(call: LiveCall, conferenceId: string): Promise<() => Promise<void>> {
    const { bridges, conferences } = this.#options
    if (conferences === undefined)
      throw new UserError('CONFERENCE_NOT_FOUND', 'calls cannot be transferred into conferences on this server')
    const activeflowId = call.row.activeflow_id
    const { confbridgeId, conferencecallId } = await conferences.admit({ call, conferenceId, activeflowId })
    const stay = { call, confbridgeId, conferencecallId, activeflowId, signal: call.ended }
    return async () => {
      const joined = this.joined(call)
      // A call that could not enter, or has left again, is parted: its flow goes on, or it is hung up.
      const stayed = bridges.divert(call, () => conferences.stay(stay)).catch(() => undefined)
      await Promise.race([joined, stayed])
    }
  }

  /** Resolves when the call is in a conference's mix, or over. */
  joined(call: LiveCall): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#options.ledger.subscribe((event) => {
        if (event.type === 'conferencecall_joined' && event.data['reference_id'] === call.id) done()
      })
      const done = (): void => {
        stop()
        call.ended.removeEventListener('abort', done)
        resolve()
      }
      if (call.ended.aborted) done()
      else call.ended.addEventListener('abort', done, { once: true })
    })
  }
}
