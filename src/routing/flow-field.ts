// A field that names a flow: it must be one of the customer's own.
import { UserError } from '../base/errors.ts'
import { isUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'

export interface FlowField {
  readonly name: string
  /** Empty or nil for none. */
  readonly value: string
}

/** The flow's id, nil for none. Throws UserError INVALID_ARGUMENT naming the field. */
export async function ownFlowId(ledger: Ledger, customerId: string, { name, value }: FlowField): Promise<string> {
  if (value === '' || value === nilUuid) return nilUuid
  const flow = isUuid(value) ? await ledger.get('flow', value.toLowerCase()) : undefined
  if (flow?.customer_id === customerId && flow.tm_delete === notDeleted) return flow.id
  throw new UserError(
    'INVALID_ARGUMENT',
    `${name} "${value}" is not a flow of yours; create one with POST /flows or leave it out`,
    { details: [{ field: name }] },
  )
}
