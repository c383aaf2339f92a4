// The bindings of all extensions in memory, and what the store keeps of each: one `contact` row (RFC 3261 §10, RFC 5626 §6).
import { newUuid } from '../base/ids.ts'
import { formatTimestamp, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { ContactRow, ExtensionRow } from '../schema/rows.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { Binding } from '../sip/registrar-contact.ts'

export interface StoredBinding extends Binding {
  /** Of its `contact` row. */
  readonly id: string
  readonly extensionId: string
  readonly flow: TransportFlow
}

/** What of a REGISTER the row keeps besides the binding. */
export interface RegisteredBy {
  readonly extension: ExtensionRow
  readonly flow: TransportFlow
  readonly userAgent: string
}

/** Every binding by extension id, and extension ids by the flow they registered by. */
export class Bindings {
  readonly #byExtension = new Map<string, readonly StoredBinding[]>()
  readonly #byFlow = new Map<string, Set<string>>()

  of(extensionId: string): readonly StoredBinding[] {
    return this.#byExtension.get(extensionId) ?? []
  }

  all(): StoredBinding[] {
    return [...this.#byExtension.values()].flat()
  }

  /** Extensions that registered by this very flow. */
  extensionsBy(flow: TransportFlow): readonly string[] {
    return [...(this.#byFlow.get(flowKey(flow)) ?? [])]
  }

  set(extensionId: string, bindings: readonly StoredBinding[]): void {
    for (const { flow } of this.of(extensionId)) {
      const ids = this.#byFlow.get(flowKey(flow))
      ids?.delete(extensionId)
      if (ids?.size === 0) this.#byFlow.delete(flowKey(flow))
    }
    if (bindings.length === 0) this.#byExtension.delete(extensionId)
    else this.#byExtension.set(extensionId, bindings)
    for (const { flow } of bindings) {
      const ids = this.#byFlow.get(flowKey(flow))
      if (ids === undefined) this.#byFlow.set(flowKey(flow), new Set([extensionId]))
      else ids.add(extensionId)
    }
  }
}

const flowKey = (flow: TransportFlow): string =>
  flow.connectionId ?? `${flow.transport} ${flow.remoteAddress} ${flow.remotePort}`

/** What a new binding or a refresh writes. */
function storedFields(binding: Binding, by: RegisteredBy, now: string) {
  const { uri, instanceId, regId, path, callId, cseq, q, expiresAt } = binding
  const { registrar_key: key } = by.extension
  return {
    uri,
    binding_key: regId > 0 ? `${key} ${regId} ${instanceId}` : `${key} ${uri}`,
    instance_id: instanceId,
    reg_id: regId,
    flow: { ...by.flow },
    path: [...path],
    user_agent: by.userAgent,
    call_id: callId,
    cseq,
    q,
    tm_expire: formatTimestamp(Math.round(expiresAt * 1000)),
    tm_update: now,
  } satisfies Partial<ContactRow>
}

export function newContact(binding: Binding, by: RegisteredBy, ledger: Pick<Ledger, 'timestamp'>): ContactRow {
  const now = ledger.timestamp()
  const { id: extension_id, customer_id, registrar_key: aor_key } = by.extension
  const owner = { id: newUuid(), customer_id, extension_id, aor_key }
  return { ...owner, ...storedFields(binding, by, now), tm_create: now, tm_delete: notDeleted }
}

export const refreshedContact = (binding: Binding, by: RegisteredBy, ledger: Pick<Ledger, 'timestamp'>) =>
  storedFields(binding, by, ledger.timestamp())

/** The binding of a row; undefined when it cannot be used any more, as a connection of an earlier process cannot. */
export function bindingOfRow(row: ContactRow): StoredBinding | undefined {
  const { transport, remoteAddress, remotePort } = row.flow
  if (transport !== 'UDP' || typeof remoteAddress !== 'string' || typeof remotePort !== 'number') return undefined
  return {
    id: row.id,
    extensionId: row.extension_id,
    flow: { transport, remoteAddress, remotePort },
    uri: row.uri,
    instanceId: row.instance_id,
    regId: row.reg_id,
    path: row.path,
    callId: row.call_id,
    cseq: row.cseq,
    q: row.q,
    expiresAt: Date.parse(`${row.tm_expire.slice(0, 23).replace(' ', 'T')}Z`),
  }
}
