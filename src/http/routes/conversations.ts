// Messaging channels: conversation accounts with their credentials, and the set-up of a channel.
import Type from 'typebox'
import { nilUuid } from '../../base/ids.ts'
import { idOrNil, Page, PageQuery } from '../../schema/common.ts'
import {
  ConversationAccount,
  ConversationAccountCreate,
  ConversationAccountPatch,
  ConversationSetup,
} from '../../schema/conversation.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { ConversationAccountInput, ConversationAccountService, SetupInput } from '../services.ts'

const tag = 'conversations'
const errors = ['CONVERSATION_ACCOUNT_NOT_FOUND'] as const
const lineErrors = ['LINE_NOT_CONFIGURED', 'LINE_REFUSED', 'SERVICE_UNAVAILABLE'] as const

export function conversationRoutes(accounts: ConversationAccountService): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1.0/conversations/setup',
      operation: 'setUpConversations',
      summary: 'Install a channel: registers this server with it',
      tag,
      access,
      errors: [...errors, ...lineErrors],
      body: ConversationSetup,
      example: { reference_type: 'line' },
      response: Type.Record(Type.String(), Type.Unknown()),
      handler: async ({ customerId, body }) => ({ ...(await accounts.setup(customerId, setupInput(body))) }),
    }),
    ...accountRoutes(accounts),
  ]
}

function accountRoutes(accounts: ConversationAccountService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/conversation_accounts',
      operation: 'listConversationAccounts',
      summary: 'List conversation accounts, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(ConversationAccount),
      handler: async ({ customerId, query }) => pageOf(await accounts.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/conversation_accounts',
      operation: 'createConversationAccount',
      summary: 'Add the credentials of a channel, and register this server with it',
      tag,
      access,
      errors: [...lineErrors, 'FLOW_NOT_FOUND', 'NOT_IMPLEMENTED'],
      body: ConversationAccountCreate,
      example: { type: 'line', name: 'our LINE channel', secret: 'channel secret', token: 'channel access token' },
      response: ConversationAccount,
      handler: ({ customerId, body }) => accounts.create(customerId, accountInput(body)),
    }),
    route({
      method: 'GET',
      path: '/v1.0/conversation_accounts/{id}',
      operation: 'getConversationAccount',
      summary: 'Read a conversation account; its credentials are never shown',
      tag,
      access,
      errors,
      response: ConversationAccount,
      handler: ({ customerId, id }) => accounts.get(customerId, id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/conversation_accounts/{id}',
      operation: 'updateConversationAccount',
      summary: 'Change a conversation account; what is left out stays as it is',
      tag,
      access,
      errors: [...errors, ...lineErrors, 'FLOW_NOT_FOUND'],
      body: ConversationAccountPatch,
      example: { name: 'new name' },
      response: ConversationAccount,
      handler: ({ customerId, id, body }) => accounts.update(customerId, id, accountPatch(body)),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/conversation_accounts/{id}',
      operation: 'deleteConversationAccount',
      summary: 'Delete a conversation account',
      tag,
      access,
      errors,
      response: ConversationAccount,
      handler: ({ customerId, id }) => accounts.remove(customerId, id),
    }),
  ]
}

function setupInput({ account_id, ...rest }: ConversationSetup): SetupInput {
  const id = idOrNil(account_id)
  return { ...rest, ...(id === nilUuid ? {} : { account_id: id }) }
}

function accountInput(body: ConversationAccountCreate): ConversationAccountInput {
  const empty = { name: '', detail: '', secret: '', token: '', provider_data: '', message_flow_id: nilUuid }
  return { ...empty, type: body.type, ...accountPatch(body) }
}

function accountPatch({
  message_flow_id: flowId,
  ...rest
}: ConversationAccountPatch): Partial<ConversationAccountInput> {
  return { ...rest, ...(flowId === undefined ? {} : { message_flow_id: idOrNil(flowId) }) }
}
