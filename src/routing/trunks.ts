// Trunks as a service: other exchanges that call in, known by digest, by source address, or both.
import ipaddr from 'ipaddr.js'
import { UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { TrunkCreate, TrunkPatch, TrunkView } from '../schema/routing.ts'
import type { TrunkRow } from '../schema/rows.ts'
import { commitChanges, eventChange, whileStale } from './commit.ts'
import type { Paging } from './extensions.ts'
import { given } from './given.ts'
import type { Seal } from './ports.ts'

/** Wider networks than these would let half the world call on somebody else's bill. */
const widest = { ipv4: 8, ipv6: 16 }

/** Methods with an id throw UserError TRUNK_NOT_FOUND for one that is missing, deleted or another customer's. */
export interface Trunks {
  /** Without auth_types they follow from what is given. Throws ALREADY_EXISTS for a domain name that any customer has, INVALID_ARGUMENT. */
  create(customerId: string, input: TrunkCreate): Promise<TrunkView>
  get(customerId: string, id: string): Promise<TrunkView>
  list(customerId: string, page: Paging): Promise<TrunkView[]>
  /** Absent fields and an empty password stay as they are. */
  update(customerId: string, id: string, patch: TrunkPatch): Promise<TrunkView>
  remove(customerId: string, id: string): Promise<TrunkView>
}

export const createTrunks = (options: { readonly ledger: Ledger; readonly seal: Seal }): Trunks =>
  new TrunkService(options.ledger, options.seal)

class TrunkService implements Trunks {
  readonly #ledger: Ledger
  readonly #seal: Seal

  constructor(ledger: Ledger, seal: Seal) {
    this.#ledger = ledger
    this.#seal = seal
  }

  async create(customerId: string, input: TrunkCreate): Promise<TrunkView> {
    const { domain_name, password = '', name = '', detail = '', username = '', allowed_ips = [] } = input
    const row: TrunkRow = {
      id: newUuid(),
      customer_id: customerId,
      name,
      detail,
      domain_name: domain_name.toLowerCase(),
      auth_types: input.auth_types ?? typesOf(input),
      username,
      allowed_ips,
      password_sealed: password === '' ? '' : this.#seal.seal(password),
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
    const whole = checked(row)
    await commitChanges(this.#ledger, [{ insert: 'trunk', row: whole }, eventChange('trunk_created', shown(whole))], {
      taken: { domain_name: () => taken(whole.domain_name) },
    })
    return shown(whole)
  }

  async get(customerId: string, id: string): Promise<TrunkView> {
    return shown(await this.#own(customerId, id))
  }

  async list(customerId: string, page: Paging): Promise<TrunkView[]> {
    return (await this.#ledger.find('trunk', { where: { customer_id: customerId }, ...page })).map(shown)
  }

  update(customerId: string, id: string, patch: TrunkPatch): Promise<TrunkView> {
    const { password = '', name, detail, auth_types, username, allowed_ips } = patch
    return this.#change('trunk_updated', { customerId, id }, (old, at) =>
      checked({
        ...old,
        ...given({ name, detail, auth_types, username, allowed_ips }),
        ...(password === '' ? {} : { password_sealed: this.#seal.seal(password) }),
        tm_update: at,
      }),
    )
  }

  remove(customerId: string, id: string): Promise<TrunkView> {
    return this.#change('trunk_deleted', { customerId, id }, (old, at) => ({ ...old, tm_update: at, tm_delete: at }))
  }

  async #own(customerId: string, id: string): Promise<TrunkRow> {
    const row = await this.#ledger.get('trunk', id)
    if (row?.customer_id === customerId && row.tm_delete === notDeleted) return row
    throw notFound(id)
  }

  /** What was checked as a whole is written as a whole, unless another change came first. */
  #change(
    event: string,
    { customerId, id }: { readonly customerId: string; readonly id: string },
    plan: (old: TrunkRow, at: string) => TrunkRow,
  ): Promise<TrunkView> {
    return whileStale(async () => {
      const old = await this.#own(customerId, id)
      const next = plan(old, this.#ledger.timestamp())
      const { id: _, customer_id: __, domain_name: ___, tm_create: ____, ...set } = next
      const when = { tm_delete: notDeleted, tm_update: old.tm_update }
      await this.#ledger.commit([{ update: 'trunk', id: old.id, set, when }, eventChange(event, shown(next))])
      return shown(next)
    })
  }
}

function typesOf({ username = '', allowed_ips = [] }: TrunkCreate): TrunkRow['auth_types'] {
  return [...(username === '' ? [] : (['basic'] as const)), ...(allowed_ips.length === 0 ? [] : (['ip'] as const))]
}

/** With types named once and networks in canonical form. Throws INVALID_ARGUMENT naming the field that a type of authentication misses. */
function checked(row: TrunkRow): TrunkRow {
  const allowedIps = row.allowed_ips.map((entry, index) => network(entry, `allowed_ips[${index}]`))
  const types = [...new Set(row.auth_types)]
  if (types.includes('basic') && row.username === '')
    throw invalid('username', 'username is missing: auth_types "basic" needs username and password')
  if (types.includes('basic') && row.password_sealed === '')
    throw invalid('password', 'password is missing: auth_types "basic" needs username and password')
  if (types.includes('ip') && allowedIps.length === 0)
    throw invalid('allowed_ips', 'allowed_ips is missing: auth_types "ip" needs the addresses that calls come from')
  return { ...row, auth_types: types, allowed_ips: allowedIps }
}

function network(text: string, field: string): string {
  const entry = text.trim()
  if (ipaddr.isValid(entry) && (entry.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(entry)))
    return ipaddr.process(entry).toString()
  if (!ipaddr.isValidCIDR(entry))
    throw invalid(
      field,
      `${field} "${entry}" is neither an IP address nor a network; write it as 192.0.2.7 or 192.0.2.0/28`,
    )
  const [address, bits] = ipaddr.parseCIDR(entry)
  const least = widest[address.kind()]
  if (bits < least) throw invalid(field, `${field} "${entry}" is too wide; name a network of /${least} or narrower`)
  return `${address.toString()}/${bits}`
}

const invalid = (field: string, message: string): UserError =>
  new UserError('INVALID_ARGUMENT', message, { details: [{ field }] })

function shown(row: TrunkRow): TrunkView {
  const { password_sealed: _, ...visible } = row
  return { ...visible, password: '' }
}

const notFound = (id: string): UserError => new UserError('TRUNK_NOT_FOUND', `there is no trunk ${id}`)

const taken = (domainName: string): UserError =>
  new UserError('ALREADY_EXISTS', `domain_name "${domainName}" is taken; choose another one`, {
    details: [{ resource: 'trunk', field: 'domain_name' }],
  })
