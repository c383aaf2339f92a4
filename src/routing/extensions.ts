// Extensions as a service: the accounts that phones register with. Each has a direct hash.
import { UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { notDeleted } from '../base/time.ts'
import type { Change, Find, Ledger } from '../event/ledger.ts'
import type { ExtensionCreate, ExtensionPatch, ExtensionView } from '../schema/routing.ts'
import type { ExtensionRow } from '../schema/rows.ts'
import { commitChanges, eventChange, whileStale } from './commit.ts'
import { dropDirects, insertDirect, withNewHash } from './directs.ts'
import { given } from './given.ts'
import type { Seal } from './ports.ts'

export type Paging = Pick<Find<'extension'>, 'before'> & { readonly limit: number }

/** Methods with an id throw UserError EXTENSION_NOT_FOUND for one that is missing, deleted or another customer's. */
export interface Extensions {
  /** Throws ALREADY_EXISTS when the customer has this extension. */
  create(customerId: string, input: ExtensionCreate): Promise<ExtensionView>
  get(customerId: string, id: string): Promise<ExtensionView>
  list(customerId: string, page: Paging): Promise<ExtensionView[]>
  /** Absent fields and an empty password stay as they are. */
  update(customerId: string, id: string, patch: ExtensionPatch): Promise<ExtensionView>
  /** Also forgets where its phones are registered. */
  remove(customerId: string, id: string): Promise<ExtensionView>
  /** The old hash stops resolving at once and for good. */
  regenerateHash(customerId: string, id: string): Promise<ExtensionView>
}

/** What must be unique: an extension within its customer. */
export const registrarKey = (customerId: string, extension: string): string => `${customerId}/${extension}`

/** The extension that the customer gave this number, if there is one. */
export async function extensionByNumber(
  ledger: Ledger,
  customerId: string,
  extension: string,
): Promise<ExtensionRow | undefined> {
  const where = { registrar_key: registrarKey(customerId, extension) }
  return (await ledger.find('extension', { where, limit: 1 }))[0]
}

export const createExtensions = (options: { readonly ledger: Ledger; readonly seal: Seal }): Extensions =>
  new ExtensionService(options.ledger, options.seal)

class ExtensionService implements Extensions {
  readonly #ledger: Ledger
  readonly #seal: Seal

  constructor(ledger: Ledger, seal: Seal) {
    this.#ledger = ledger
    this.#seal = seal
  }

  async create(customerId: string, input: ExtensionCreate): Promise<ExtensionView> {
    const { extension, password, name = '', detail = '' } = input
    const row: ExtensionRow = {
      id: newUuid(),
      customer_id: customerId,
      name,
      detail,
      extension,
      domain_name: customerId,
      username: extension,
      direct_hash: '',
      password_sealed: this.#seal.seal(password),
      registrar_key: registrarKey(customerId, extension),
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
    return withNewHash(async (hash) => {
      const whole = { ...row, direct_hash: hash }
      const changes = [
        { insert: 'extension', row: whole } as const,
        insertDirect(this.#ledger, owner(whole), hash),
        eventChange('extension_created', shown(whole)),
      ]
      await commitChanges(this.#ledger, changes, { taken: { registrar_key: () => taken(extension) } })
      return shown(whole)
    })
  }

  async get(customerId: string, id: string): Promise<ExtensionView> {
    return shown(await this.#own(customerId, id))
  }

  async list(customerId: string, page: Paging): Promise<ExtensionView[]> {
    return (await this.#ledger.find('extension', { where: { customer_id: customerId }, ...page })).map(shown)
  }

  update(customerId: string, id: string, patch: ExtensionPatch): Promise<ExtensionView> {
    const { password = '', name, detail } = patch
    return this.#change(customerId, id, async (_, at) => ({
      event: 'extension_updated',
      set: {
        ...given({ name, detail }),
        ...(password === '' ? {} : { password_sealed: this.#seal.seal(password) }),
        tm_update: at,
      },
    }))
  }

  remove(customerId: string, id: string): Promise<ExtensionView> {
    return this.#change(customerId, id, async (old, at) => {
      const set = { tm_update: at, tm_delete: at }
      const contacts = await this.#ledger.find('contact', { where: { extension_id: old.id } })
      const forgotten = contacts.map((contact): Change => ({ update: 'contact', id: contact.id, set }))
      return {
        event: 'extension_deleted',
        set,
        also: [...(await dropDirects(this.#ledger, owner(old), at)), ...forgotten],
      }
    })
  }

  regenerateHash(customerId: string, id: string): Promise<ExtensionView> {
    return withNewHash((hash) =>
      this.#change(customerId, id, async (old, at) => ({
        event: 'extension_updated',
        set: { direct_hash: hash, tm_update: at },
        also: [...(await dropDirects(this.#ledger, owner(old), at)), insertDirect(this.#ledger, owner(old), hash)],
      })),
    )
  }

  async #own(customerId: string, id: string): Promise<ExtensionRow> {
    const row = await this.#ledger.get('extension', id)
    if (row?.customer_id === customerId && row.tm_delete === notDeleted) return row
    throw notFound(id)
  }

  /** The guard covers the hash: whoever drops it must have seen the last one. */
  #change(
    customerId: string,
    id: string,
    plan: (old: ExtensionRow, at: string) => Promise<ExtensionChange>,
  ): Promise<ExtensionView> {
    return whileStale(async () => {
      const old = await this.#own(customerId, id)
      const { event, set, also = [] } = await plan(old, this.#ledger.timestamp())
      const next = { ...old, ...set }
      const when = { tm_delete: notDeleted, direct_hash: old.direct_hash }
      await this.#ledger.commit([
        { update: 'extension', id: old.id, set, when },
        ...also,
        eventChange(event, shown(next)),
      ])
      return shown(next)
    })
  }
}

interface ExtensionChange {
  readonly event: string
  readonly set: Partial<ExtensionRow>
  /** What changes with it. */
  readonly also?: readonly Change[]
}

const owner = (row: ExtensionRow) =>
  ({ customer_id: row.customer_id, resource_type: 'extension', resource_id: row.id }) as const

function shown(row: ExtensionRow): ExtensionView {
  const { password_sealed: _, registrar_key: __, ...visible } = row
  return { ...visible, password: '' }
}

const notFound = (id: string): UserError => new UserError('EXTENSION_NOT_FOUND', `there is no extension ${id}`)

const taken = (extension: string): UserError =>
  new UserError('ALREADY_EXISTS', `extension "${extension}" exists already; take another one`, {
    details: [{ resource: 'extension', field: 'extension' }],
  })
