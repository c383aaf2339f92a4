// What a customer gives up when it is deleted: its numbers and names are free again, and its phones are no longer registered.
import type { Change, Ledger } from '../event/ledger.ts'
import { eventChange } from './commit.ts'

/** The changes to commit with the deletion of the customer. @param at its tm_delete */
export async function closingChanges(ledger: Ledger, customerId: string, at: string): Promise<Change[]> {
  const where = { customer_id: customerId }
  const gone = { tm_update: at, tm_delete: at }
  const [extensions, trunks, numbers, contacts, routes, directs] = await Promise.all([
    ledger.find('extension', { where }),
    ledger.find('trunk', { where }),
    ledger.find('number', { where }),
    ledger.find('contact', { where }),
    ledger.find('route', { where }),
    ledger.find('direct', { where: { ...where, resource_type: 'extension' } }),
  ])
  return [
    ...extensions.flatMap(({ password_sealed: _, registrar_key: __, ...row }): Change[] => [
      { update: 'extension', id: row.id, set: gone },
      eventChange('extension_deleted', { ...row, ...gone, password: '' }),
    ]),
    ...trunks.flatMap(({ password_sealed: _, ...row }): Change[] => [
      { update: 'trunk', id: row.id, set: gone },
      eventChange('trunk_deleted', { ...row, ...gone, password: '' }),
    ]),
    ...numbers.flatMap((row): Change[] => [
      { update: 'number', id: row.id, set: { ...gone, status: 'deleted' } },
      eventChange('number_deleted', { ...row, ...gone, status: 'deleted' }),
    ]),
    ...contacts.map((row): Change => ({ update: 'contact', id: row.id, set: gone })),
    ...routes.map((row): Change => ({ update: 'route', id: row.id, set: gone })),
    ...directs.map((row): Change => ({ update: 'direct', id: row.id, set: gone })),
  ]
}
