// What must hold of a core when its calls are over.
import { expect } from 'vitest'
import type { Peer } from './virtual-network.ts'

/** No session, dialog, transaction or deadline is left. */
export function expectEmpty(...peers: readonly Peer[]): void {
  for (const { core, address } of peers) {
    const left = {
      sessions: core.sessionCount,
      transactions: core.transactionCount,
      dialogs: core.dialogCount,
      next: core.nextTimeout(),
    }
    expect(left, address).toEqual({ sessions: 0, transactions: 0, dialogs: 0, next: undefined })
  }
}
