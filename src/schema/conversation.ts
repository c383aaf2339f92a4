// Conversation account as the API shows it: the credentials of one messaging channel. Secrets go in and never come out.
import Type, { type Static } from 'typebox'
import { Lifetime, OptionalId, Uuid } from './common.ts'

export const ConversationAccount = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  type: Type.Enum(['line', 'sms', 'whatsapp']),
  name: Type.String(),
  detail: Type.String(),
  provider_data: Type.String(),
  message_flow_id: Uuid,
  ...Lifetime,
})
export type ConversationAccount = Static<typeof ConversationAccount>

/** What may be changed later; absent keys stay unchanged. */
export const ConversationAccountPatch = Type.Object({
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String({ description: 'channel secret; never shown again' })),
  token: Type.Optional(Type.String({ description: 'channel access token; never shown again' })),
  provider_data: Type.Optional(Type.String()),
  message_flow_id: Type.Optional(OptionalId),
})
export type ConversationAccountPatch = Static<typeof ConversationAccountPatch>

export const ConversationAccountCreate = Type.Object({
  type: ConversationAccount.properties.type,
  ...ConversationAccountPatch.properties,
})
export type ConversationAccountCreate = Static<typeof ConversationAccountCreate>

export const ConversationSetup = Type.Object({
  reference_type: Type.Enum(['line', 'message']),
  account_id: Type.Optional(OptionalId),
  secret: Type.Optional(Type.String()),
  token: Type.Optional(Type.String()),
})
export type ConversationSetup = Static<typeof ConversationSetup>

export const LineInfo = Type.Object({ line_secret: Type.String(), line_token: Type.String() })
export type LineInfo = Static<typeof LineInfo>
