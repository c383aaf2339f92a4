// Which providers answer: OPTIONS to each once a minute (RFC 3261 §11). Knows their addresses too, so that their callers are believed.
import type { Log } from '../base/log.ts'
import { type Clock, formatTimestamp, notDeleted, type Timer } from '../base/time.ts'
import type { ResolveHost } from '../call/ports.ts'
import { type Ledger, StaleRow } from '../event/ledger.ts'
import type { ProviderRow } from '../schema/rows.ts'
import { providerFlows } from './outbound-routes.ts'
import type { Probe } from './ports.ts'
import { hostUri } from './provider-uri.ts'

const roundMs = 60_000
/** An unchanged verdict is written down this often at most. */
const refreshMicros = 600 * 1e6

export interface ProviderHealthOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly resolve: ResolveHost
  readonly probe: Probe
}

export class ProviderHealth {
  readonly #options: ProviderHealthOptions
  /** Numeric addresses by provider; what a name that stops resolving led to is kept. */
  #addresses: ReadonlyMap<string, readonly string[]> = new Map()
  #timer: Timer | undefined
  #closed = false

  constructor(options: ProviderHealthOptions) {
    this.#options = options
  }

  /** Asks all providers now, and a minute after each round. */
  start(): void {
    void this.#loop()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  /** Whether the numeric address is one of a provider, as its name resolved lately. */
  isProvider(address: string): boolean {
    for (const addresses of this.#addresses.values()) if (addresses.includes(address)) return true
    return false
  }

  async #loop(): Promise<void> {
    const { clock, log } = this.#options
    try {
      await this.#round()
    } catch (error) {
      log.error({ err: error }, 'providers could not be asked whether they are there')
    }
    if (!this.#closed) this.#timer = clock.after(roundMs, () => void this.#loop())
  }

  async #round(): Promise<void> {
    const providers = await this.#options.ledger.find('provider', {})
    const known = this.#addresses
    const found = new Map<string, readonly string[]>()
    // What is known counts until the answer is here: a probe may take half a minute.
    this.#addresses = found
    for (const { id } of providers) found.set(id, known.get(id) ?? [])
    await Promise.all(
      providers.map(async (provider) => {
        const healthy = await this.#answers(provider, (addresses) => found.set(provider.id, addresses))
        if (!this.#closed) await this.#note(provider, healthy ? 'healthy' : 'unhealthy')
      }),
    )
  }

  async #answers(provider: ProviderRow, located: (addresses: readonly string[]) => void): Promise<boolean> {
    const { resolve, probe, log } = this.#options
    try {
      const { first, addresses } = await providerFlows(provider, resolve)
      located(addresses)
      return await probe({ requestUri: hostUri(provider), destination: first })
    } catch (error) {
      log.debug({ err: error, provider_id: provider.id }, 'a provider cannot be asked')
      return false
    }
  }

  /** Writes the verdict on the host that was asked, unless that is no news. */
  async #note(provider: ProviderRow, health_status: 'healthy' | 'unhealthy'): Promise<void> {
    const { ledger, clock, log } = this.#options
    const now = clock.wallMicros()
    const changed = provider.health_status !== health_status
    if (!changed && provider.health_checked_at > formatTimestamp(now - refreshMicros)) return
    const fields = { provider_id: provider.id, hostname: provider.hostname }
    if (changed && health_status === 'unhealthy')
      log.warn(fields, 'a provider does not answer OPTIONS; it is tried last')
    else if (changed) log.info(fields, 'a provider answers OPTIONS')
    const set = { health_status, health_checked_at: formatTimestamp(now) }
    const when = { tm_delete: notDeleted, hostname: provider.hostname }
    try {
      await ledger.commit([{ update: 'provider', id: provider.id, set, when }])
    } catch (error) {
      if (!(error instanceof StaleRow)) throw error
    }
  }
}
