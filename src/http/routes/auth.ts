// Getting in and out: log-in, delegation, closing the account. What needs e-mail or a seller of accounts is refused.
import Type from 'typebox'
import type { ClosingService } from '../../account/closing.ts'
import type { LoginService } from '../../account/login.ts'
import { UserError } from '../../base/errors.ts'
import { Customer, Delegated, Delegation, LoggedIn, Login, Unregister } from '../../schema/account.ts'
import { admins, anyone } from '../access.ts'
import { notImplemented } from '../not-implemented.ts'
import { type Route, route } from '../route.ts'

const tag = 'auth'
const cookieSeconds = 604_800

export function authRoutes(login: LoginService, closing: ClosingService): Route[] {
  return [...entryRoutes(login), ...closingRoutes(closing), ...mailRoutes()]
}

function entryRoutes(login: LoginService): Route[] {
  return [
    route({
      method: 'POST',
      path: '/auth/login',
      operation: 'login',
      summary: 'Log in with user name and password; the token is good for seven days',
      tag,
      access: 'public',
      errors: ['INVALID_CREDENTIALS'],
      body: Login,
      example: { username: 'admin@localhost', password: 'the password printed at first start' },
      response: LoggedIn,
      handler: async ({ body, setCookie }) => {
        const answer = await login.login(body.username, body.password)
        setCookie('token', answer.token, cookieSeconds)
        return answer
      },
    }),
    route({
      method: 'POST',
      path: '/auth/boot',
      operation: 'boot',
      summary: 'Exchange a direct hash for a token; no kind of hash of this server can be',
      tag,
      access: 'public',
      body: Type.Object({ direct_hash: Type.String() }),
      example: { direct_hash: 'direct.0a1b2c3d4e5f' },
      response: Type.Unknown(),
      // The same answer for every hash, so that nobody finds out here which ones exist.
      handler: async () => {
        throw new UserError(
          'INVALID_ARGUMENT',
          'direct_hash cannot be exchanged for a token: hashes of conferences, flows and agents are for dialling sip:direct.<hash>@host only',
          { details: [{ field: 'direct_hash' }] },
        )
      },
    }),
    route({
      method: 'POST',
      path: '/auth/delegate',
      operation: 'delegate',
      summary: 'Act as the admin of a customer for eight hours',
      tag,
      access: anyone,
      errors: ['CUSTOMER_NOT_FOUND', 'INVALID_DELEGATION'],
      body: Delegation,
      example: { customer_id: '5e4a0680-804e-11ec-8477-2fea5968d85b', reason: 'support request 4711' },
      response: Delegated,
      handler: ({ identity, body }) => login.delegate(identity, body),
    }),
  ]
}

function closingRoutes(closing: ClosingService): Route[] {
  return [
    route({
      method: 'POST',
      path: '/auth/unregister',
      operation: 'unregister',
      summary: 'Close your account: frozen now, deleted after 30 days, or at once with immediate',
      tag,
      access: admins,
      body: Unregister,
      example: { confirmation_phrase: 'DELETE' },
      response: Customer,
      handler: ({ identity, body }) => closing.unregister(identity, body),
    }),
    route({
      method: 'DELETE',
      path: '/auth/unregister',
      operation: 'cancelUnregister',
      summary: 'Take a closed account back',
      tag,
      access: { ...admins, frozen: true },
      response: Customer,
      handler: ({ customerId }) => closing.recover(customerId),
    }),
  ]
}

function mailRoutes(): Route[] {
  const refused = (method: 'GET' | 'POST', name: string, operation: string, feature: string): Route =>
    route({
      method,
      path: `/auth/${name}`,
      operation,
      summary: `Not implemented: ${feature}`,
      tag,
      access: 'public',
      errors: ['NOT_IMPLEMENTED'],
      response: Type.Unknown(),
      handler: async () => {
        throw notImplemented(feature)
      },
    })
  return [
    refused(
      'POST',
      'signup',
      'signUp',
      'signing up by e-mail (an operator creates customers with POST /v1.0/customers)',
    ),
    refused(
      'POST',
      'password-forgot',
      'forgotPassword',
      'a password reset by e-mail (an admin sets it with PUT /v1.0/agents/{id}/password)',
    ),
    refused(
      'POST',
      'password-reset',
      'resetPassword',
      'a password reset by e-mail (an admin sets it with PUT /v1.0/agents/{id}/password)',
    ),
    refused('GET', 'email-verify', 'showEmailVerification', 'verification of e-mail addresses'),
    refused('POST', 'email-verify', 'verifyEmail', 'verification of e-mail addresses'),
  ]
}
