// Version 2: lists walk the rows that are not deleted. Before, a page of a customer who makes and deletes much read all that was ever made.
import { createLiveIndex, type Migration } from './migration.ts'

/** Tables with a customer, which lists ask for; an index of deleted rows as well is asked for by nobody. */
const owned = [
  'accesskey',
  'activeflow',
  'agent',
  'call',
  'conference',
  'conferencecall',
  'contact',
  'conversation_account',
  'direct',
  'extension',
  'flow',
  'groupcall',
  'number',
  'recording',
  'route',
  'trunk',
] as const

export const liveRows: Migration = {
  up: (schema) =>
    owned.flatMap((table) => [
      schema.dropIndex(`${table}__customer_id__tm_create`).compile(),
      createLiveIndex(schema, table, ['customer_id', 'tm_create']),
    ]),
}
