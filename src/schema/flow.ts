// Flow, activeflow and action as the API shows them. What each action accepts is defined beside its code in flow/actions.
import Type, { type Static } from 'typebox'
import { Lifetime, Timestamp, Uuid } from './common.ts'

export const Action = Type.Object({
  id: Uuid,
  next_id: Uuid,
  type: Type.String(),
  option: Type.Record(Type.String(), Type.Unknown()),
  tm_execute: Type.Union([Timestamp, Type.Null()]),
})
export type Action = Static<typeof Action>

export const Flow = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  type: Type.Enum(['flow', 'conference', 'queue', 'campaign', 'transfer']),
  name: Type.String(),
  detail: Type.String(),
  actions: Type.Array(Action),
  direct_hash: Type.String(),
  on_complete_flow_id: Uuid,
  ...Lifetime,
})
export type Flow = Static<typeof Flow>

export const referenceTypes = ['', 'ai', 'api', 'call', 'campaign', 'conversation', 'transcribe', 'recording'] as const

export const Activeflow = Type.Object({
  id: Uuid,
  customer_id: Uuid,
  flow_id: Uuid,
  status: Type.Enum(['', 'running', 'ended']),
  reference_type: Type.Enum([...referenceTypes]),
  reference_id: Uuid,
  reference_activeflow_id: Uuid,
  on_complete_flow_id: Uuid,
  webhook_uri: Type.String(),
  webhook_method: Type.String(),
  current_action: Action,
  forward_action_id: Uuid,
  executed_actions: Type.Array(Action),
  variables: Type.Record(Type.String(), Type.String()),
  error: Type.String({ description: 'why the activeflow ended early; empty otherwise' }),
  ...Lifetime,
})
export type Activeflow = Static<typeof Activeflow>
