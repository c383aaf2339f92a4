// Flows that the server made for one call: what to do with them when whatever ran them is long over.
import type { Ledger } from '../event/ledger.ts'

const batch = 100

/**
 * Deletes the temporary flows made before `before` (a `tm_create`) that nothing runs any more, with their actions; answers how many. To be
 * called now and then: calls go on to name the flow that they ran.
 */
export async function purgeTemporaryFlows(ledger: Ledger, before: string): Promise<number> {
  const running = await flowsThatRun(ledger)
  let count = 0
  for (let bound = before; ; ) {
    const flows = await ledger.find('flow', { where: { persistent: false }, before: bound, limit: batch })
    const last = flows.at(-1)
    if (last === undefined) return count
    bound = last.tm_create
    const at = ledger.timestamp()
    const set = { actions: [], tm_update: at, tm_delete: at }
    const over = flows.filter(({ id }) => !running.has(id))
    if (over.length > 0) await ledger.commit(over.map(({ id }) => ({ update: 'flow', id, set })))
    count += over.length
  }
}

async function flowsThatRun(ledger: Ledger): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for (const status of ['dialing', 'ringing', 'progressing', 'terminating', 'canceling'] as const)
    for (const { flow_id } of await ledger.find('call', { where: { status }, deleted: true })) ids.add(flow_id)
  for (const status of ['progressing', 'hangingup'] as const)
    for (const { flow_id } of await ledger.find('groupcall', { where: { status }, deleted: true })) ids.add(flow_id)
  const activeflows = await ledger.find('activeflow', { where: { status: 'running' }, deleted: true })
  for (const { flow_id } of activeflows) ids.add(flow_id)
  return ids
}
