// A ledger with customers and what routes read of them, for the tests of this folder.
import { bootstrapAccounts } from '../account/bootstrap.ts'
import { newCustomerRow } from '../account/customers.ts'
import type { Ledger } from '../event/ledger.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { Header, SipRequest } from '../sip/message.ts'
import { createDialRoutes } from './dial-routes.ts'
import { createExtensions } from './extensions.ts'
import { createNumbers } from './numbers.ts'
import type { Seal } from './ports.ts'
import { createProviders } from './providers.ts'
import { createTrunks } from './trunks.ts'

/** Reversible, and different from what it seals. */
export const seal: Seal = { seal: (text) => `sealed ${text}`, open: (text) => text.replace(/^sealed /, '') }

export const password = 'correct horse battery'

export async function openRouting() {
  const ledger = createMemoryLedger()
  const { customerId: first } = await bootstrapAccounts(ledger, { password })
  let accountNumber = 1
  return {
    ledger,
    /** The customer whose routes are everybody's last resort. */
    first,
    /** Another customer's id. */
    async customer(): Promise<string> {
      accountNumber += 1
      const row = newCustomerRow(ledger.timestamp(), accountNumber)
      await ledger.commit([{ insert: 'customer', row }])
      return row.id
    },
    extensions: createExtensions({ ledger, seal }),
    trunks: createTrunks({ ledger, seal }),
    numbers: createNumbers({ ledger }),
    providers: createProviders({ ledger }),
    routes: createDialRoutes({ ledger }),
  }
}

/** Types of the events of a resource, in their order. */
export async function eventTypes(ledger: Ledger, id: string): Promise<string[]> {
  return (await ledger.events(0, 10_000)).filter(({ data }) => data['id'] === id).map(({ type }) => type)
}

export const flowFrom = (remoteAddress: string): TransportFlow => ({
  transport: 'UDP',
  remoteAddress,
  remotePort: 5060,
})

/** An INVITE to a URI; `headers` replace those of the same name. */
export function invite(uri: string, headers: Readonly<Record<string, string>> = {}): SipRequest {
  const all = { From: '"Alice" <sip:alice@192.0.2.1>;tag=1', To: `<${uri}>`, 'Call-ID': 'c1', ...headers }
  const list: Header[] = Object.entries(all).map(([name, value]) => ({ name, value }))
  return { kind: 'request', method: 'INVITE', uri, headers: list, body: new Uint8Array() }
}
