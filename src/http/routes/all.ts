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
import { flowRoutes } from './flows.ts'
import { laterRoutes } from './later.ts'
import { pingRoutes } from './ping.ts'

export interface RouteDeps {
  readonly accounts: Accounts
  readonly services: Services
  readonly ready: () => boolean
}

export function allRoutes({ accounts, services, ready }: RouteDeps): Route[] {
  return [
    ...pingRoutes(ready),
    ...authRoutes(accounts.login, accounts.closing),
    ...agentRoutes(accounts.agents),
    ...accesskeyRoutes(accounts.accesskeys),
    ...customerRoutes(accounts.customers, accounts.closing, services.conversationAccounts),
    ...conferenceRoutes(services.conferences),
    ...conferencecallRoutes(services.conferencecalls),
    ...callRoutes(services.calls, services.flows),
    ...flowRoutes(services.flows),
    ...activeflowRoutes(services.activeflows),
    ...conversationRoutes(services.conversationAccounts),
    ...laterRoutes(),
  ]
}
