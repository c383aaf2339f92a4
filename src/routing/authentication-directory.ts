// Everybody who may show a password, in memory: extensions and trunks, filled at start and renewed by the events that report their
// changes. A thousand phones that register at once ask the store nothing.
import { Listeners } from '../base/listeners.ts'
import type { Log } from '../base/log.ts'
import { type Clock, notDeleted } from '../base/time.ts'
import type { Ledger, StoredEvent } from '../event/ledger.ts'
import type { ExtensionRow, TrunkRow } from '../schema/rows.ts'

export interface Secret<Row> {
  readonly row: Row
  readonly password: string
}

export interface DirectoryOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  /** Throws for a text that it cannot decrypt. */
  readonly unseal: (text: string) => string
}

/** Told when an extension can no longer be who it was: deleted, or with another password. */
export type ExtensionListener = (extensionId: string) => void

/** How long what was read of a customer is taken for true. */
const standingMs = 5_000

export class Directory {
  readonly #options: DirectoryOptions
  readonly #extensions = new Map<string, Secret<ExtensionRow>>()
  readonly #keys = new Map<string, string>()
  /** Extension → ids of the rows of that name, whose customers differ. */
  readonly #names = new Map<string, Set<string>>()
  readonly #trunks = new Map<string, Secret<TrunkRow>>()
  readonly #trunkDomains = new Map<string, string>()
  readonly #standings = new Map<string, { readonly at: number; readonly active: Promise<boolean> }>()
  readonly #listeners = new Listeners<Parameters<ExtensionListener>>()
  #renewals: Promise<void> = Promise.resolve()
  #unsubscribe: () => void = () => {}

  constructor(options: DirectoryOptions) {
    this.#options = options
  }

  /** Reads everybody; must resolve before the first look-up. */
  async start(): Promise<void> {
    // Changes from now on are read after what is there already.
    const filled = this.#fill()
    this.#renewals = filled.catch(() => {})
    this.#unsubscribe = this.#options.ledger.subscribe((event) => this.#changed(event))
    await filled
  }

  close(): void {
    this.#unsubscribe()
  }

  /** Resolves when every change committed until now is known here. */
  settled(): Promise<void> {
    return this.#renewals
  }

  onExtensionChange(listener: ExtensionListener): void {
    this.#listeners.add(listener)
  }

  extension(customerId: string, name: string): Secret<ExtensionRow> | undefined {
    return this.#extensions.get(this.#keys.get(`${customerId}/${name}`) ?? '')
  }

  /** The extension of this name, when exactly one customer has one. */
  onlyExtension(name: string): Secret<ExtensionRow> | undefined {
    const [id, ...others] = this.#names.get(name) ?? []
    return id === undefined || others.length > 0 ? undefined : this.#extensions.get(id)
  }

  extensionById(id: string): ExtensionRow | undefined {
    return this.#extensions.get(id)?.row
  }

  trunk(domain: string): Secret<TrunkRow> | undefined {
    return this.#trunks.get(this.#trunkDomains.get(domain.toLowerCase()) ?? '')
  }

  /** Whether the customer may use the server; what was read is believed for a few seconds. */
  isActive(customerId: string): Promise<boolean> {
    const { clock, ledger } = this.#options
    const known = this.#standings.get(customerId)
    if (known !== undefined && clock.now() - known.at < standingMs) return known.active
    const active = ledger
      .get('customer', customerId)
      .then((row) => row?.status === 'active' || row?.status === 'initial')
    this.#standings.set(customerId, { at: clock.now(), active })
    active.catch(() => this.#standings.delete(customerId))
    return active
  }

  async #fill(): Promise<void> {
    const { ledger } = this.#options
    const [extensions, trunks] = await Promise.all([ledger.find('extension', {}), ledger.find('trunk', {})])
    for (const row of extensions) this.#keepExtension(row)
    for (const row of trunks) this.#keepTrunk(row)
  }

  /** Renewals run one after the other, so that the last read of a row wins. */
  #changed(event: StoredEvent): void {
    const table = /^(extension|trunk)_/.exec(event.type)?.[1]
    // The data of every other event is better left unread.
    const id = table && event.data['id']
    if (table === undefined || typeof id !== 'string') return
    const renew = table === 'extension' ? () => this.#renewExtension(id) : () => this.#renewTrunk(id)
    this.#renewals = this.#renewals.then(renew).catch((error: unknown) => {
      this.#options.log.error({ err: error, [`${table}_id`]: id }, 'credentials could not be read again')
      if (table === 'extension') this.#dropExtension(id)
      else this.#dropTrunk(id)
    })
  }

  async #renewExtension(id: string): Promise<void> {
    const row = await this.#options.ledger.get('extension', id)
    const old = this.#extensions.get(id)
    this.#dropExtension(id)
    if (row !== undefined && row.tm_delete === notDeleted) this.#keepExtension(row)
    if (old === undefined || this.#extensions.get(id)?.password === old.password) return
    this.#listeners.tell(id)
  }

  async #renewTrunk(id: string): Promise<void> {
    const row = await this.#options.ledger.get('trunk', id)
    this.#dropTrunk(id)
    if (row !== undefined && row.tm_delete === notDeleted) this.#keepTrunk(row)
  }

  #keepExtension(row: ExtensionRow): void {
    const password = this.#unsealed(row)
    if (password === undefined) return
    this.#extensions.set(row.id, { row, password })
    this.#keys.set(`${row.customer_id}/${row.extension}`, row.id)
    const names = this.#names.get(row.extension)
    if (names === undefined) this.#names.set(row.extension, new Set([row.id]))
    else names.add(row.id)
  }

  #dropExtension(id: string): void {
    const row = this.#extensions.get(id)?.row
    if (row === undefined) return
    this.#extensions.delete(id)
    const key = `${row.customer_id}/${row.extension}`
    if (this.#keys.get(key) === id) this.#keys.delete(key)
    const names = this.#names.get(row.extension)
    names?.delete(id)
    if (names?.size === 0) this.#names.delete(row.extension)
  }

  #keepTrunk(row: TrunkRow): void {
    const password = this.#unsealed(row)
    if (password === undefined) return
    this.#trunks.set(row.id, { row, password })
    this.#trunkDomains.set(row.domain_name.toLowerCase(), row.id)
  }

  #dropTrunk(id: string): void {
    const domain = this.#trunks.get(id)?.row.domain_name.toLowerCase()
    this.#trunks.delete(id)
    if (domain !== undefined && this.#trunkDomains.get(domain) === id) this.#trunkDomains.delete(domain)
  }

  /** Who cannot be decrypted is unknown until the key file is the right one again. */
  #unsealed({ id, password_sealed: sealed }: ExtensionRow | TrunkRow): string | undefined {
    try {
      return this.#options.unseal(sealed)
    } catch (error) {
      this.#options.log.error({ err: error, id }, 'a password cannot be decrypted; its owner cannot log in')
      return undefined
    }
  }
}
