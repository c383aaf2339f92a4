// Conversation account as the API shows it: the credentials of one messaging channel. Secrets go in and never come out.
import Type, { type Static } from 'typebox'
import { Lifetime, Uuid } from './common.ts'

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
