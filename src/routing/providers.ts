// Providers as a service: the carriers of the server, which its operators admit by making them. They belong to no customer.
import { UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Provider, ProviderCreate, ProviderPatch } from '../schema/routing.ts'
import type { ProviderRow } from '../schema/rows.ts'
import { commitChanges } from './commit.ts'
import type { Paging } from './extensions.ts'
import { given } from './given.ts'
import { checkHeaders, checkHostname } from './provider-uri.ts'

/** For super admins only. Methods with an id throw UserError PROVIDER_NOT_FOUND; bad input INVALID_ARGUMENT naming the field. */
export interface Providers {
  create(input: ProviderCreate): Promise<Provider>
  get(id: string): Promise<Provider>
  list(page: Paging): Promise<Provider[]>
  /** Absent fields stay as they are. A new host name is of unknown health. */
  update(id: string, patch: ProviderPatch): Promise<Provider>
  /** Routes that name it lead past it from now on. */
  remove(id: string): Promise<Provider>
}

const unasked = { health_status: 'unknown', health_checked_at: '' } as const

export const createProviders = (options: { readonly ledger: Ledger }): Providers => new ProviderService(options.ledger)

class ProviderService implements Providers {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async create(input: ProviderCreate): Promise<Provider> {
    const row: ProviderRow = {
      id: newUuid(),
      type: 'sip',
      hostname: '',
      tech_prefix: '',
      tech_postfix: '',
      tech_headers: {},
      name: '',
      detail: '',
      metadata: {},
      codecs: '',
      ...unasked,
      ...fieldsOf(input),
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
    checkHostname(row.hostname)
    await this.#ledger.commit([{ insert: 'provider', row }])
    return row
  }

  async get(id: string): Promise<Provider> {
    const row = await this.#ledger.get('provider', id)
    if (row?.tm_delete === notDeleted) return row
    throw notFound(id)
  }

  list(page: Paging): Promise<Provider[]> {
    return this.#ledger.find('provider', page)
  }

  async update(id: string, patch: ProviderPatch): Promise<Provider> {
    const old = await this.get(id)
    const fields = fieldsOf(patch)
    const moved = fields.hostname !== undefined && fields.hostname !== old.hostname
    return this.#change(old, { ...fields, ...(moved ? unasked : {}), tm_update: this.#ledger.timestamp() })
  }

  async remove(id: string): Promise<Provider> {
    const at = this.#ledger.timestamp()
    return this.#change(await this.get(id), { tm_update: at, tm_delete: at })
  }

  async #change(old: Provider, set: Partial<ProviderRow>): Promise<Provider> {
    const when = { tm_delete: notDeleted }
    const gone = (): UserError => notFound(old.id)
    await commitChanges(this.#ledger, [{ update: 'provider', id: old.id, set, when }], { gone })
    return { ...old, ...set }
  }
}

/** What was given, checked. */
function fieldsOf(input: ProviderPatch): Partial<ProviderRow> {
  const { type: _, hostname, tech_prefix, tech_postfix, tech_headers, name, detail, codecs } = input
  if (hostname !== undefined) checkHostname(hostname)
  if (tech_headers !== undefined) checkHeaders(tech_headers)
  return given({ hostname, tech_prefix, tech_postfix, tech_headers, name, detail, codecs })
}

const notFound = (id: string): UserError => new UserError('PROVIDER_NOT_FOUND', `there is no provider ${id}`)
