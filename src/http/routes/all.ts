// Every route of the server, in the order of the documentation.
import type { Accounts } from '../../account/accounts.ts'
import type { Route } from '../route.ts'
import type { Services } from '../services.ts'
import { accesskeyRoutes } from './accesskeys.ts'
import { activeflowRoutes } from './activeflows.ts'
import { agentRoutes } from './agents.ts'
import { authRoutes } from './auth.ts'
import { callRoutes } from './calls.ts'
import { conferencecallRoutes } from './conferencecalls.ts'
import { conferenceRoutes } from './conferences.ts'
import { conversationRoutes } from './conversations.ts'
import { customerRoutes } from './customers.ts'
import { extensionRoutes } from './extensions.ts'
import { flowRoutes } from './flows.ts'
import { groupcallRoutes } from './groupcalls.ts'
import { numberRoutes } from './numbers.ts'
import { pingRoutes } from './ping.ts'
import { providerRoutes } from './providers.ts'
import { recordingfileRoutes } from './recordingfiles.ts'
import { recordingRoutes } from './recordings.ts'
import { dialRouteRoutes } from './routes.ts'
import { trunkRoutes } from './trunks.ts'

export interface RouteDeps {
  readonly accounts: Accounts
  readonly services: Services
  readonly ready: () => boolean
  /** Base of the addresses that clients are sent to. */
  readonly info?: { readonly publicUrl: string }
}

export function allRoutes({ accounts, services, ready, info }: RouteDeps): Route[] {
  return [
    ...pingRoutes(ready),
    ...authRoutes(accounts.login, accounts.closing),
    ...agentRoutes(accounts.agents),
    ...accesskeyRoutes(accounts.accesskeys),
    ...customerRoutes(accounts.customers, accounts.closing, services.conversationAccounts),
    ...conferenceRoutes(services.conferences, services.recordings),
    ...conferencecallRoutes(services.conferencecalls),
    ...groupcallRoutes(services.groupcalls, services.flows),
    ...callRoutes(services.calls, {
      flows: services.flows,
      controls: services.callControls,
      recordings: services.recordings,
    }),
    ...flowRoutes(services.flows),
    ...activeflowRoutes(services.activeflows),
    ...conversationRoutes(services.conversationAccounts),
    ...extensionRoutes(services.extensions),
    ...trunkRoutes(services.trunks),
    ...numberRoutes(services.numbers),
    ...providerRoutes(services.providers),
    ...dialRouteRoutes(services.dialRoutes),
    ...recordingRoutes(services.recordings),
    ...recordingfileRoutes(services.recordings, info?.publicUrl ?? ''),
  ]
}
