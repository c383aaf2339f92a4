// Chained calls: when the master is hung up, the calls chained to it are. Not the other way round.
import { nilUuid } from '../base/ids.ts'
import type { LiveCall } from './live-call.ts'

export class Chains {
  readonly #untie = new Map<string, () => void>()

  /** Ties `chained` to its master; one whose master is over already is hung up. */
  tie(master: LiveCall, chained: LiveCall): void {
    this.untie(chained)
    const hangup = (): void => void chained.hangup('normal')
    const forget = (): void => {
      this.#untie.delete(chained.id)
      master.ended.removeEventListener('abort', hangup)
    }
    this.#untie.set(chained.id, () => {
      forget()
      chained.ended.removeEventListener('abort', forget)
    })
    chained.ended.addEventListener('abort', forget, { once: true })
    if (master.row.status !== 'hangup')
      master.record.write({ chained_call_ids: [...master.row.chained_call_ids, chained.id] }, ['updated'])
    if (chained.masterCallId !== master.id) chained.record.write({ master_call_id: master.id }, ['updated'])
    if (master.ended.aborted) hangup()
    else master.ended.addEventListener('abort', hangup, { once: true })
  }

  /** Lets a call live on its own; its row goes on to name the master that it had. */
  untie(chained: LiveCall): void {
    this.#untie.get(chained.id)?.()
  }
}

/** The id that rows carry for a master that may be missing. */
export const masterId = (master: LiveCall | undefined): string => master?.id ?? nilUuid
