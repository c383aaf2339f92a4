// Flow, activeflow and action as the API shows them. What each action accepts is defined beside its code in flow/actions.
import Type, { type Static } from 'typebox'
import { Lifetime, OptionalId, Timestamp, Uuid } from './common.ts'

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

/** Body of create and update; absent keys of an update stay unchanged. */
export const FlowPatch = Type.Object({
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  actions: Type.Optional(Type.Array(Type.Unknown())),
  on_complete_flow_id: Type.Optional(OptionalId),
})
export type FlowPatch = Static<typeof FlowPatch>

export const ActiveflowCreate = Type.Object({
  id: Type.Optional(OptionalId),
  flow_id: Type.Optional(OptionalId),
  actions: Type.Optional(Type.Array(Type.Unknown(), { description: 'used when no flow_id is given' })),
  variables: Type.Optional(Type.Unknown({ description: 'flat object of strings' })),
  webhook_uri: Type.Optional(
    Type.String({ pattern: '^$|^https?://', description: 'an http or https address, or empty' }),
  ),
  webhook_method: Type.Optional(Type.Enum(['', 'POST', 'GET', 'PUT', 'DELETE'])),
})
export type ActiveflowCreate = Static<typeof ActiveflowCreate>
