// Everything about accounts, built on one ledger and one clock.
import type { Clock } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import { type AccesskeyService, createAccesskeyService } from './accesskeys.ts'
import { type AgentService, createAgentService } from './agents.ts'
import { type Authenticator, createAuthenticator } from './authenticate.ts'
import { type ClosingService, createClosingService } from './closing.ts'
import { type CustomerService, createCustomerService } from './customers.ts'
import { createLoginService, type LoginService } from './login.ts'
import { createTokens } from './tokens.ts'

export interface Accounts {
  readonly authenticator: Authenticator
  readonly login: LoginService
  readonly customers: CustomerService
  readonly closing: ClosingService
  readonly agents: AgentService
  readonly accesskeys: AccesskeyService
}

/** @param closed told that a customer was frozen or deleted */
export function createAccounts(
  ledger: Ledger,
  clock: Pick<Clock, 'wallMicros'>,
  closed?: (customerId: string) => Promise<void>,
): Accounts {
  const tokens = createTokens(ledger, clock)
  return {
    authenticator: createAuthenticator(ledger, clock, tokens),
    login: createLoginService(ledger, clock, tokens),
    customers: createCustomerService(ledger),
    closing: createClosingService(ledger, clock, closed),
    agents: createAgentService(ledger),
    accesskeys: createAccesskeyService(ledger, clock),
  }
}
