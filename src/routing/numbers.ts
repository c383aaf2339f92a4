// Telephone numbers as a service: which are owned, and which flow answers each. A number belongs to one customer of the server.
import { randomInt } from 'node:crypto'
import { UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { notDeleted, parseTimestamp } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { AvailableNumber, NumberCreate, NumberPatch, PhoneNumber } from '../schema/routing.ts'
import type { NumberRow } from '../schema/rows.ts'
import { commitChanges, eventChange } from './commit.ts'
import { isReserved, isVirtual, parseE164, virtualPattern } from './e164.ts'
import type { Paging } from './extensions.ts'
import { ownFlowId } from './flow-field.ts'
import { given } from './given.ts'

/** Numbers that one step of a renewal of all changes. */
const renewalStep = 100

export interface NumberOffer {
  readonly type: NumberRow['type']
  /** ISO 3166; empty for any. Virtual numbers are of no country. */
  readonly countryCode: string
  readonly limit: number
}

/** Methods with an id throw UserError NUMBER_NOT_FOUND for one that is missing, deleted or another customer's. */
export interface Numbers {
  /** Throws ALREADY_EXISTS for a number that any customer has, INVALID_ARGUMENT naming the field. */
  create(customerId: string, input: NumberCreate): Promise<PhoneNumber>
  get(customerId: string, id: string): Promise<PhoneNumber>
  list(customerId: string, page: Paging): Promise<PhoneNumber[]>
  /** Absent fields stay as they are. */
  update(customerId: string, id: string, patch: NumberPatch): Promise<PhoneNumber>
  setMetadata(customerId: string, id: string, metadata: Readonly<Record<string, unknown>>): Promise<PhoneNumber>
  /** `tmRenew` becomes the time of the last renewal; now when empty. */
  renew(customerId: string, id: string, tmRenew: string): Promise<PhoneNumber>
  /** Renews, now, the numbers of all customers that were last renewed before `tmRenew`; all when empty. */
  renewAll(tmRenew: string): Promise<PhoneNumber[]>
  remove(customerId: string, id: string): Promise<PhoneNumber>
  /** Virtual numbers that nobody has. There is no shop for normal ones: register those that a carrier gave you. */
  available(offer: NumberOffer): Promise<AvailableNumber[]>
}

/** The number that is written exactly so, whosever it is. */
export async function ownedNumber(ledger: Ledger, number: string): Promise<NumberRow | undefined> {
  return (await ledger.find('number', { where: { number }, limit: 1 }))[0]
}

export const createNumbers = (options: { readonly ledger: Ledger }): Numbers => new NumberService(options.ledger)

class NumberService implements Numbers {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async create(customerId: string, input: NumberCreate): Promise<PhoneNumber> {
    const kind = checkNumber(input)
    const at = this.#ledger.timestamp()
    const row: NumberRow = {
      id: newUuid(),
      customer_id: customerId,
      ...kind,
      call_flow_id: await this.#flow(customerId, 'call_flow_id', input.call_flow_id ?? ''),
      message_flow_id: await this.#flow(customerId, 'message_flow_id', input.message_flow_id ?? ''),
      name: input.name ?? '',
      detail: input.detail ?? '',
      status: 'active',
      t38_enabled: false,
      emergency_enabled: false,
      metadata: {},
      tm_purchase: at,
      tm_renew: at,
      tm_create: at,
      tm_update: '',
      tm_delete: notDeleted,
    }
    await this.#commit(row, [{ insert: 'number', row }, eventChange('number_created', row)])
    return row
  }

  async get(customerId: string, id: string): Promise<PhoneNumber> {
    const row = await this.#ledger.get('number', id)
    if (row?.customer_id === customerId && row.tm_delete === notDeleted) return row
    throw notFound(id)
  }

  list(customerId: string, page: Paging): Promise<PhoneNumber[]> {
    return this.#ledger.find('number', { where: { customer_id: customerId }, ...page })
  }

  async update(customerId: string, id: string, patch: NumberPatch): Promise<PhoneNumber> {
    const old = await this.get(customerId, id)
    const { name, detail, call_flow_id: call, message_flow_id: message } = patch
    const set = {
      ...given({ name, detail }),
      ...(call === undefined ? {} : { call_flow_id: await this.#flow(customerId, 'call_flow_id', call) }),
      ...(message === undefined ? {} : { message_flow_id: await this.#flow(customerId, 'message_flow_id', message) }),
      tm_update: this.#ledger.timestamp(),
    }
    return this.#change('number_updated', old, set)
  }

  async setMetadata(customerId: string, id: string, metadata: Readonly<Record<string, unknown>>): Promise<PhoneNumber> {
    const old = await this.get(customerId, id)
    const set = { metadata: { ...old.metadata, ...metadata }, tm_update: this.#ledger.timestamp() }
    return this.#change('number_updated', old, set)
  }

  async renew(customerId: string, id: string, tmRenew: string): Promise<PhoneNumber> {
    const old = await this.get(customerId, id)
    const at = this.#ledger.timestamp()
    return this.#change('number_renewed', old, { tm_renew: tmRenew === '' ? at : timestamp(tmRenew), tm_update: at })
  }

  async renewAll(tmRenew: string): Promise<PhoneNumber[]> {
    const limit = tmRenew === '' ? notDeleted : timestamp(tmRenew)
    const renewed: NumberRow[] = []
    let before: string | undefined
    for (;;) {
      const page = { limit: renewalStep, ...(before === undefined ? {} : { before }) }
      const rows = await this.#ledger.find('number', page)
      const due = rows.filter((row) => row.tm_renew < limit).map((row) => ({ ...row, ...this.#now('tm_renew') }))
      await this.#commitAll(due)
      renewed.push(...due)
      before = rows.at(-1)?.tm_create
      if (rows.length < renewalStep) return renewed
    }
  }

  async remove(customerId: string, id: string): Promise<PhoneNumber> {
    const old = await this.get(customerId, id)
    return this.#change('number_deleted', old, { status: 'deleted', ...this.#now('tm_delete') })
  }

  async available({ type, countryCode, limit }: NumberOffer): Promise<AvailableNumber[]> {
    if (type === 'normal' || countryCode !== '') return []
    const drawn = [...new Set(Array.from({ length: limit }, randomVirtual))]
    const taken = await Promise.all(drawn.map((number) => ownedNumber(this.#ledger, number)))
    const free = drawn.filter((_, index) => taken[index] === undefined)
    return free.map((number) => ({ number, type, country: '', region: '', postal_code: '', features: ['voice'] }))
  }

  #flow(customerId: string, name: string, value: string): Promise<string> {
    return ownFlowId(this.#ledger, customerId, { name, value })
  }

  #now(field: 'tm_renew' | 'tm_delete'): Partial<NumberRow> {
    const at = this.#ledger.timestamp()
    return { [field]: at, tm_update: at }
  }

  async #change(event: string, old: PhoneNumber, set: Partial<NumberRow>): Promise<PhoneNumber> {
    const next = { ...old, ...set }
    const update: Change = { update: 'number', id: old.id, set, when: { tm_delete: notDeleted } }
    await this.#commit(next, [update, eventChange(event, next)])
    return next
  }

  /** Numbers that were given up meanwhile stay as they are. */
  async #commitAll(rows: readonly NumberRow[]): Promise<void> {
    const changes = rows.flatMap((row): Change[] => [
      { update: 'number', id: row.id, set: { tm_renew: row.tm_renew, tm_update: row.tm_update } },
      eventChange('number_renewed', row),
    ])
    if (changes.length > 0) await this.#ledger.commit(changes)
  }

  #commit(row: NumberRow, changes: readonly Change[]): Promise<void> {
    const taken = (): UserError =>
      new UserError('ALREADY_EXISTS', `number ${row.number} is registered on this server already`, {
        details: [{ resource: 'number', field: 'number' }],
      })
    return commitChanges(this.#ledger, changes, { gone: () => notFound(row.id), taken: { number: taken } })
  }
}

function checkNumber(input: NumberCreate): Pick<NumberRow, 'number' | 'type'> {
  const number = parseE164(input.number)
  if (number === undefined)
    throw invalid(
      'number',
      `number "${input.number}" is not E.164; write a plus, the country code and the rest, as in +4930123456`,
    )
  const type = input.type || (isVirtual(number) ? 'virtual' : 'normal')
  if (type === 'normal' && isVirtual(number))
    throw invalid('type', 'type must be "virtual" for a number that begins with +899')
  if (type === 'virtual' && !virtualPattern.test(number))
    throw invalid(
      'number',
      'number must be +899 and nine digits when type is "virtual"; GET /available_numbers lists some',
    )
  if (isReserved(number)) throw invalid('number', 'number must not begin with +899000, which is reserved')
  return { number, type }
}

function timestamp(text: string): string {
  const parsed = parseTimestamp(text)
  if (parsed !== undefined) return parsed
  throw invalid('tm_renew', 'tm_renew must be a timestamp as in 2026-01-31 00:00:00.000000')
}

/** Outside the reserved part of the range. */
const randomVirtual = (): string => `+899${String(randomInt(1_000_000, 1_000_000_000)).padStart(9, '0')}`

const invalid = (field: string, message: string): UserError =>
  new UserError('INVALID_ARGUMENT', message, { details: [{ field }] })

const notFound = (id: string): UserError => new UserError('NUMBER_NOT_FOUND', `there is no number ${id}`)
