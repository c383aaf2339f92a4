// The caller's own customer, and all customers for the operators of the server.
import Type from 'typebox'
import type { ClosingService } from '../../account/closing.ts'
import type { CustomerService } from '../../account/customers.ts'
import { isSuperAdmin } from '../../account/identity.ts'
import { UserError } from '../../base/errors.ts'
import { Customer, CustomerCreate, CustomerPatch, CustomerSelf } from '../../schema/account.ts'
import { Page, PageQuery, Uuid } from '../../schema/common.ts'
import { LineInfo } from '../../schema/conversation.ts'
import { administrators, admins, superAdmins } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, type RouteFacts, route } from '../route.ts'
import type { ConversationAccountService } from '../services.ts'

const errors = ['CUSTOMER_NOT_FOUND'] as const
const Metadata = Type.Object({ rtp_debug: Type.Boolean() })
const BillingAccount = Type.Object({ billing_account_id: Uuid })
const billingExample = { billing_account_id: '5e4a0680-804e-11ec-8477-2fea5968d85b' }

type LineService = Pick<ConversationAccountService, 'setLineInfo'>

export function customerRoutes(customers: CustomerService, closing: ClosingService, line: LineService): Route[] {
  return [
    ...ownRoutes(customers),
    ...operatorRoutes(customers, line),
    ...partRoutes(customers, closing),
    lineRoute(line),
  ]
}

function ownRoutes(customers: CustomerService): Route[] {
  const facts = { tag: 'customer', access: administrators, response: Customer } as const
  return [
    route({
      ...facts,
      method: 'GET',
      path: '/v1.0/customer',
      operation: 'getOwnCustomer',
      summary: 'Read your own customer, webhook secret included',
      response: CustomerSelf,
      handler: ({ customerId }) => customers.self(customerId),
    }),
    route({
      ...facts,
      method: 'PUT',
      path: '/v1.0/customer',
      operation: 'updateOwnCustomer',
      summary: 'Change your own customer; what is left out stays as it is',
      body: CustomerPatch,
      example: { name: 'Example Ltd.' },
      handler: ({ customerId, body }) => customers.update(customerId, body),
    }),
    route({
      ...facts,
      method: 'PUT',
      path: '/v1.0/customer/metadata',
      operation: 'updateOwnMetadata',
      summary: 'Change the metadata of your own customer',
      body: Metadata,
      example: { rtp_debug: true },
      handler: ({ customerId, body }) => customers.update(customerId, { metadata: body }),
    }),
    route({
      ...facts,
      method: 'PUT',
      path: '/v1.0/customer/billing_account_id',
      operation: 'updateOwnBillingAccount',
      summary: 'Change the billing account of your own customer',
      body: BillingAccount,
      example: billingExample,
      handler: ({ customerId, body }) => customers.update(customerId, body),
    }),
  ]
}

const operators = { tag: 'customers', access: superAdmins } as const

function operatorRoutes(customers: CustomerService, line: LineService): Route[] {
  return [
    route({
      ...operators,
      method: 'GET',
      path: '/v1.0/customers',
      operation: 'listCustomers',
      summary: 'List all customers, newest first',
      query: PageQuery,
      response: Page(Customer),
      handler: async ({ query }) => pageOf(await customers.list(pageRequest(query))),
    }),
    route({
      ...operators,
      method: 'POST',
      path: '/v1.0/customers',
      operation: 'createCustomer',
      summary: 'Create a customer; POST /auth/delegate then lets you add its first agent',
      body: CustomerCreate,
      example: { name: 'Example Ltd.', email: 'office@example.com' },
      response: Customer,
      handler: async ({ body: { line_secret = '', line_token = '', ...input } }) => {
        const customer = await customers.create(input)
        return line_secret || line_token ? line.setLineInfo(customer.id, { line_secret, line_token }) : customer
      },
    }),
    route({
      ...operators,
      method: 'GET',
      path: '/v1.0/customers/{id}',
      operation: 'getCustomer',
      summary: 'Read a customer',
      errors,
      response: Customer,
      handler: ({ id }) => customers.get(id),
    }),
    route({
      ...operators,
      method: 'PUT',
      path: '/v1.0/customers/{id}',
      operation: 'updateCustomer',
      summary: 'Change a customer; what is left out stays as it is',
      errors,
      body: CustomerPatch,
      example: { name: 'Example Ltd.' },
      response: Customer,
      handler: ({ id, body }) => customers.update(id, body),
    }),
    route({
      ...operators,
      method: 'DELETE',
      path: '/v1.0/customers/{id}',
      operation: 'deleteCustomer',
      summary: 'Delete a customer with its agents and access keys',
      errors: [...errors, 'STATE_INVALID'],
      response: Customer,
      handler: async ({ id, customerId }) => {
        if (id !== customerId) return customers.remove(id)
        throw new UserError('STATE_INVALID', 'this is your own customer: POST /auth/unregister closes it')
      },
    }),
  ]
}

function partRoutes(customers: CustomerService, closing: ClosingService): Route[] {
  const part = (method: RouteFacts['method'], name: string) =>
    ({ ...operators, errors, response: Customer, method, path: `/v1.0/customers/{id}/${name}` }) as const
  return [
    route({
      ...part('PUT', 'metadata'),
      operation: 'updateMetadata',
      summary: 'Change the metadata of a customer',
      body: Metadata,
      example: { rtp_debug: true },
      handler: ({ id, body }) => customers.update(id, { metadata: body }),
    }),
    route({
      ...part('PUT', 'billing_account_id'),
      operation: 'updateBillingAccount',
      summary: 'Change the billing account of a customer',
      body: BillingAccount,
      example: billingExample,
      handler: ({ id, body }) => customers.update(id, body),
    }),
    route({
      ...part('POST', 'freeze'),
      operation: 'freezeCustomer',
      summary: 'Shut a customer out; after 30 days it is deleted',
      errors: [...errors, 'STATE_INVALID'],
      handler: async ({ id, customerId }) => {
        if (id !== customerId) return closing.freeze(id)
        throw new UserError('STATE_INVALID', 'this is your own customer: POST /auth/unregister closes it')
      },
    }),
    route({
      ...part('POST', 'recover'),
      operation: 'recoverCustomer',
      summary: 'Let a frozen customer in again',
      handler: ({ id }) => closing.recover(id),
    }),
  ]
}

function lineRoute(line: LineService): Route {
  return route({
    method: 'PUT',
    path: '/v1.0/customers/{id}/line_info',
    operation: 'updateLineInfo',
    summary: 'Set the LINE credentials of your own customer (an operator: of any)',
    tag: 'customers',
    access: admins,
    errors,
    body: LineInfo,
    example: { line_secret: 'channel secret', line_token: 'channel access token' },
    response: Customer,
    handler: async ({ id, identity, customerId, body }) => {
      if (id === customerId || isSuperAdmin(identity)) return line.setLineInfo(id, body)
      throw new UserError('CUSTOMER_NOT_FOUND', `there is no customer ${id}`)
    },
  })
}
