// Telephone numbers: which a customer owns, and the flow that answers each. Nothing is bought here: a number is registered.
import Type from 'typebox'
import { Page, PageQuery } from '../../schema/common.ts'
import {
  AvailableNumbers,
  NumberCreate,
  NumberFlows,
  NumberMetadata,
  NumberPatch,
  NumberRenewal,
  PhoneNumber,
} from '../../schema/routing.ts'
import { administrators as access, superAdmins } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { NumberService } from '../services.ts'

const tag = 'numbers'
const errors = ['NUMBER_NOT_FOUND'] as const

const AvailableQuery = Type.Object({
  page_size: PageQuery.properties.page_size,
  country_code: Type.Optional(Type.String({ description: 'ISO 3166 code; virtual numbers are of no country' })),
  type: Type.Optional(PhoneNumber.properties.type),
})

export function numberRoutes(numbers: NumberService): Route[] {
  return [...lists(numbers), ...single(numbers), ...parts(numbers)]
}

function lists(numbers: NumberService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/available_numbers',
      operation: 'listAvailableNumbers',
      summary: 'List virtual numbers that are free; numbers of carriers are not sold here',
      tag,
      access,
      query: AvailableQuery,
      response: AvailableNumbers,
      handler: async ({ query }) => {
        const { limit } = pageRequest(query)
        const { type = 'virtual', country_code: countryCode = '' } = query
        return { result: await numbers.available({ type, countryCode, limit }), next_page_token: '' }
      },
    }),
    route({
      method: 'GET',
      path: '/v1.0/numbers',
      operation: 'listNumbers',
      summary: 'List numbers, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(PhoneNumber),
      handler: async ({ customerId, query }) => pageOf(await numbers.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/numbers/renew',
      operation: 'renewNumbers',
      summary: 'Renew the numbers of all customers that were last renewed before `tm_renew`',
      tag,
      access: superAdmins,
      body: NumberRenewal,
      bodyOptional: true,
      example: { tm_renew: '2026-01-31 00:00:00.000000' },
      response: Page(PhoneNumber),
      handler: async ({ body }) => ({ result: await numbers.renewAll(body.tm_renew ?? ''), next_page_token: '' }),
    }),
  ]
}

function single(numbers: NumberService): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1.0/numbers',
      operation: 'createNumber',
      summary: 'Register a number that leads to this server, or take a virtual one',
      tag,
      access,
      errors: ['ALREADY_EXISTS'],
      body: NumberCreate,
      example: { number: '+493012345678', name: 'hotline' },
      response: PhoneNumber,
      handler: ({ customerId, body }) => numbers.create(customerId, body),
    }),
    route({
      method: 'GET',
      path: '/v1.0/numbers/{id}',
      operation: 'getNumber',
      summary: 'Read a number',
      tag,
      access,
      errors,
      response: PhoneNumber,
      handler: ({ customerId, id }) => numbers.get(customerId, id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/numbers/{id}',
      operation: 'updateNumber',
      summary: 'Change a number; what is left out stays as it is',
      tag,
      access,
      errors,
      body: NumberPatch,
      example: { name: 'new name' },
      response: PhoneNumber,
      handler: ({ customerId, id, body }) => numbers.update(customerId, id, body),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/numbers/{id}',
      operation: 'deleteNumber',
      summary: 'Give a number up',
      tag,
      access,
      errors,
      response: PhoneNumber,
      handler: ({ customerId, id }) => numbers.remove(customerId, id),
    }),
  ]
}

function parts(numbers: NumberService): Route[] {
  return [
    route({
      method: 'PUT',
      path: '/v1.0/numbers/{id}/flow_ids',
      operation: 'updateNumberFlows',
      summary: 'Change the flows of a number; what is left out stays as it is',
      tag,
      access,
      errors,
      body: NumberFlows,
      example: { call_flow_id: '' },
      response: PhoneNumber,
      handler: ({ customerId, id, body }) => numbers.update(customerId, id, body),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/numbers/{id}/metadata',
      operation: 'updateNumberMetadata',
      summary: 'Change the metadata of a number',
      tag,
      access,
      errors,
      body: NumberMetadata,
      example: { rtp_debug: true },
      response: PhoneNumber,
      handler: ({ customerId, id, body }) => numbers.setMetadata(customerId, id, body),
    }),
    route({
      method: 'POST',
      path: '/v1.0/numbers/{id}/renew',
      operation: 'renewNumber',
      summary: 'Note when a number was renewed: at `tm_renew`, or now',
      tag,
      access,
      errors,
      body: NumberRenewal,
      bodyOptional: true,
      example: { tm_renew: '2026-01-31 00:00:00.000000' },
      response: PhoneNumber,
      handler: ({ customerId, id, body }) => numbers.renew(customerId, id, body.tm_renew ?? ''),
    }),
  ]
}
