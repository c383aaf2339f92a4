// Routes as a service: which provider takes whose calls to which country. Operators make them; customers never see them.
import { UserError } from '../base/errors.ts'
import { isUuid, newUuid, nilUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { DialRoute, DialRouteCreate, DialRoutePatch } from '../schema/routing.ts'
import type { RouteRow } from '../schema/rows.ts'
import { commitChanges } from './commit.ts'
import type { Paging } from './extensions.ts'
import { given } from './given.ts'

/** For super admins only. Methods with an id throw UserError RESOURCE_NOT_FOUND; bad input INVALID_ARGUMENT naming the field. */
export interface DialRoutes {
  /** Without customer_id: of the first customer, whose routes are everybody's last resort. */
  create(input: DialRouteCreate): Promise<DialRoute>
  get(id: string): Promise<DialRoute>
  /** Of one customer, or of all when `customerId` is empty. */
  list(customerId: string, page: Paging): Promise<DialRoute[]>
  /** Absent fields stay as they are. */
  update(id: string, patch: DialRoutePatch): Promise<DialRoute>
  remove(id: string): Promise<DialRoute>
}

/** The customer whose routes serve all others too: the one of the first start. */
export async function defaultCustomerId(ledger: Ledger): Promise<string> {
  const [first] = await ledger.find('customer', { where: { account_number: 1 }, limit: 1, deleted: true })
  return first?.id ?? nilUuid
}

export const createDialRoutes = (options: { readonly ledger: Ledger }): DialRoutes =>
  new DialRouteService(options.ledger)

class DialRouteService implements DialRoutes {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async create(input: DialRouteCreate): Promise<DialRoute> {
    const { name = '', detail = '', priority = 0, target } = input
    const row: RouteRow = {
      id: newUuid(),
      customer_id: await this.#customer(input.customer_id ?? ''),
      name,
      detail,
      provider_id: await this.#provider(input.provider_id),
      priority,
      target,
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
    await this.#ledger.commit([{ insert: 'route', row }])
    return row
  }

  async get(id: string): Promise<DialRoute> {
    const row = await this.#ledger.get('route', id)
    if (row?.tm_delete === notDeleted) return row
    throw notFound(id)
  }

  list(customerId: string, page: Paging): Promise<DialRoute[]> {
    return this.#ledger.find('route', { ...page, where: customerId === '' ? {} : { customer_id: customerId } })
  }

  async update(id: string, patch: DialRoutePatch): Promise<DialRoute> {
    const old = await this.get(id)
    const { name, detail, priority, target, provider_id } = patch
    const providerId = provider_id === undefined ? undefined : await this.#provider(provider_id)
    return this.#change(old, {
      ...given({ name, detail, priority, target, provider_id: providerId }),
      tm_update: this.#ledger.timestamp(),
    })
  }

  async remove(id: string): Promise<DialRoute> {
    const at = this.#ledger.timestamp()
    return this.#change(await this.get(id), { tm_update: at, tm_delete: at })
  }

  async #customer(id: string): Promise<string> {
    if (id === '' || id === nilUuid) return defaultCustomerId(this.#ledger)
    const customer = isUuid(id) ? await this.#ledger.get('customer', id.toLowerCase()) : undefined
    if (customer?.tm_delete === notDeleted) return customer.id
    throw invalid('customer_id', `customer_id "${id}" is no customer; GET /customers lists them`)
  }

  async #provider(id: string): Promise<string> {
    const provider = await this.#ledger.get('provider', id.toLowerCase())
    if (provider?.tm_delete === notDeleted) return provider.id
    throw invalid('provider_id', `provider_id "${id}" is no provider; create one with POST /providers`)
  }

  async #change(old: DialRoute, set: Partial<RouteRow>): Promise<DialRoute> {
    const when = { tm_delete: notDeleted }
    const gone = (): UserError => notFound(old.id)
    await commitChanges(this.#ledger, [{ update: 'route', id: old.id, set, when }], { gone })
    return { ...old, ...set }
  }
}

const invalid = (field: string, message: string): UserError =>
  new UserError('INVALID_ARGUMENT', message, { details: [{ field }] })

const notFound = (id: string): UserError => new UserError('RESOURCE_NOT_FOUND', `there is no route ${id}`)
