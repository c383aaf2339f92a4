// Version 1: every table of the first release, the event log and the counters of its sequences.
import type { CompiledQuery, SchemaModule } from 'kysely'
import { createIndex, createTable, createUnique, type Migration } from './migration.ts'

const lifetime = { tm_create: 'text', tm_update: 'text', tm_delete: 'text' } as const
const owned = { id: 'text', customer_id: 'text' } as const

const tables = {
  customer: {
    id: 'text',
    account_number: 'integer',
    name: 'text',
    detail: 'text',
    email: 'text',
    phone_number: 'text',
    address: 'text',
    webhook_method: 'text',
    webhook_uri: 'text',
    webhook_secret: 'text',
    billing_account_id: 'text',
    metadata: 'json',
    email_verified: 'boolean',
    status: 'text',
    identity_verification_status: 'text',
    line_secret_sealed: 'text',
    line_token_sealed: 'text',
    tm_deletion_scheduled: 'text',
    ...lifetime,
  },
  agent: {
    ...owned,
    username: 'text',
    password_hash: 'text',
    name: 'text',
    detail: 'text',
    ring_method: 'text',
    status: 'text',
    permission: 'integer',
    tag_ids: 'json',
    addresses: 'json',
    direct_hash: 'text',
    ...lifetime,
  },
  accesskey: {
    ...owned,
    name: 'text',
    detail: 'text',
    token_prefix: 'text',
    token_hash: 'text',
    tm_expire: 'text',
    ...lifetime,
  },
  conference: {
    ...owned,
    type: 'text',
    status: 'text',
    name: 'text',
    detail: 'text',
    data: 'json',
    timeout: 'integer',
    pre_flow_id: 'text',
    post_flow_id: 'text',
    conferencecall_ids: 'json',
    recording_id: 'text',
    recording_ids: 'json',
    transcribe_id: 'text',
    transcribe_ids: 'json',
    direct_hash: 'text',
    tm_end: 'text',
    tm_timeout: 'text',
    ...lifetime,
  },
  conferencecall: {
    ...owned,
    activeflow_id: 'text',
    conference_id: 'text',
    reference_type: 'text',
    reference_id: 'text',
    status: 'text',
    reason: 'text',
    ...lifetime,
  },
  call: {
    ...owned,
    owner_type: 'text',
    owner_id: 'text',
    flow_id: 'text',
    activeflow_id: 'text',
    type: 'text',
    master_call_id: 'text',
    chained_call_ids: 'json',
    recording_id: 'text',
    recording_ids: 'json',
    groupcall_id: 'text',
    source: 'json',
    destination: 'json',
    status: 'text',
    action: 'json',
    metadata: 'json',
    direction: 'text',
    mute_direction: 'text',
    hangup_by: 'text',
    hangup_reason: 'text',
    sip_call_id: 'text',
    leg_id: 'text',
    tm_progressing: 'text',
    tm_ringing: 'text',
    tm_hangup: 'text',
    ...lifetime,
  },
  flow: {
    ...owned,
    type: 'text',
    name: 'text',
    detail: 'text',
    actions: 'json',
    direct_hash: 'text',
    on_complete_flow_id: 'text',
    persistent: 'boolean',
    ...lifetime,
  },
  activeflow: {
    ...owned,
    flow_id: 'text',
    status: 'text',
    reference_type: 'text',
    reference_id: 'text',
    reference_activeflow_id: 'text',
    on_complete_flow_id: 'text',
    webhook_uri: 'text',
    webhook_method: 'text',
    current_action: 'json',
    forward_action_id: 'text',
    executed_actions: 'json',
    variables: 'json',
    error: 'text',
    complete_count: 'integer',
    ...lifetime,
  },
  direct: {
    ...owned,
    hash: 'text',
    resource_type: 'text',
    resource_id: 'text',
    ...lifetime,
  },
  conversation_account: {
    ...owned,
    type: 'text',
    name: 'text',
    detail: 'text',
    provider_data: 'text',
    message_flow_id: 'text',
    secret_sealed: 'text',
    token_sealed: 'text',
    ...lifetime,
  },
  setting: {
    id: 'text',
    value: 'text',
    ...lifetime,
  },
} as const

/** Look-ups that are neither by id nor by customer. */
const lookups: readonly (readonly [table: string, column: string])[] = [
  ['activeflow', 'reference_id'],
  ['activeflow', 'status'],
  ['call', 'status'],
  ['conference', 'status'],
  ['conferencecall', 'conference_id'],
  ['conferencecall', 'reference_id'],
  ['conferencecall', 'status'],
  ['direct', 'resource_id'],
]

export const firstTables: Migration = {
  up: (schema) => [
    ...Object.entries(tables).flatMap(([name, columns]) => resource(schema, name, columns)),
    ...lookups.map(([table, column]) => createIndex(schema, table, [column])),
    createUnique(schema, 'customer', 'account_number'),
    createUnique(schema, 'agent', 'username', 'not deleted'),
    createUnique(schema, 'accesskey', 'token_hash'),
    createUnique(schema, 'direct', 'hash', 'not deleted'),
    ...eventLog(schema),
  ],
}

function resource(schema: SchemaModule, name: string, columns: (typeof tables)[keyof typeof tables]): CompiledQuery[] {
  const statements = [createTable(schema, name, columns), createUnique(schema, name, 'tm_create')]
  return 'customer_id' in columns
    ? [...statements, createIndex(schema, name, ['customer_id', 'tm_create'])]
    : statements
}

function eventLog(schema: SchemaModule): CompiledQuery[] {
  return [
    createTable(schema, 'counter', { scope: 'text', value: 'integer' }),
    createTable(schema, 'event_log', {
      id: 'integer',
      type: 'text',
      customer_id: 'text',
      conference_id: 'text',
      customer_sequence: 'integer',
      conference_sequence: 'integer',
      data: 'json',
      tm_create: 'text',
    }),
    schema
      .createIndex('event_log__customer_sequence__unique')
      .unique()
      .on('event_log')
      .columns(['customer_id', 'customer_sequence'])
      .compile(),
    schema
      .createIndex('event_log__conference_sequence__unique')
      .unique()
      .on('event_log')
      .columns(['conference_id', 'conference_sequence'])
      .where('conference_sequence', '>', 0)
      .compile(),
  ]
}
