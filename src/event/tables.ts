// The tables of the ledger: each column's kind and what must be unique. A new table is a row type in schema/rows.ts, an
// entry here and a migration; TypeScript refuses an entry that misses a column or gives it the wrong kind.
import { Bug } from '../base/errors.ts'
import type { Rows, TableName } from '../schema/rows.ts'

export type ColumnKind = 'text' | 'integer' | 'boolean' | 'json'

type KindOf<V> = [V] extends [string]
  ? 'text'
  : [V] extends [number]
    ? 'integer'
    : [V] extends [boolean]
      ? 'boolean'
      : 'json'

type Columns<T extends TableName> = { readonly [K in keyof Rows[T]]-?: KindOf<Rows[T][K]> }

/** `id` and `tm_create` are unique in every table; `unique` names what else is, among all rows or those not deleted. */
interface Table<T extends TableName> {
  readonly columns: Columns<T>
  readonly unique?: { readonly column: keyof Rows[T] & string; readonly among: 'all' | 'not deleted' }
}

const lifetime = { tm_create: 'text', tm_update: 'text', tm_delete: 'text' } as const
const owned = { id: 'text', customer_id: 'text', ...lifetime } as const

export const tables: { readonly [T in TableName]: Table<T> } = {
  customer: {
    unique: { column: 'account_number', among: 'all' },
    columns: {
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
  },
  agent: {
    unique: { column: 'username', among: 'not deleted' },
    columns: {
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
    },
  },
  accesskey: {
    unique: { column: 'token_hash', among: 'all' },
    columns: { ...owned, name: 'text', detail: 'text', token_prefix: 'text', token_hash: 'text', tm_expire: 'text' },
  },
  conference: {
    columns: {
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
    },
  },
  conferencecall: {
    columns: {
      ...owned,
      activeflow_id: 'text',
      conference_id: 'text',
      reference_type: 'text',
      reference_id: 'text',
      status: 'text',
      reason: 'text',
    },
  },
  call: {
    columns: {
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
    },
  },
  flow: {
    columns: {
      ...owned,
      type: 'text',
      name: 'text',
      detail: 'text',
      actions: 'json',
      direct_hash: 'text',
      on_complete_flow_id: 'text',
      persistent: 'boolean',
    },
  },
  activeflow: {
    columns: {
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
    },
  },
  direct: {
    unique: { column: 'hash', among: 'not deleted' },
    columns: { ...owned, hash: 'text', resource_type: 'text', resource_id: 'text' },
  },
  conversation_account: {
    columns: {
      ...owned,
      type: 'text',
      name: 'text',
      detail: 'text',
      provider_data: 'text',
      message_flow_id: 'text',
      secret_sealed: 'text',
      token_sealed: 'text',
    },
  },
  setting: { columns: { id: 'text', value: 'text', ...lifetime } },
  extension: {
    unique: { column: 'registrar_key', among: 'not deleted' },
    columns: {
      ...owned,
      name: 'text',
      detail: 'text',
      extension: 'text',
      domain_name: 'text',
      username: 'text',
      direct_hash: 'text',
      password_sealed: 'text',
      registrar_key: 'text',
    },
  },
  contact: {
    unique: { column: 'binding_key', among: 'not deleted' },
    columns: {
      ...owned,
      extension_id: 'text',
      aor_key: 'text',
      uri: 'text',
      binding_key: 'text',
      instance_id: 'text',
      reg_id: 'integer',
      flow: 'json',
      path: 'json',
      user_agent: 'text',
      call_id: 'text',
      cseq: 'integer',
      q: 'integer',
      tm_expire: 'text',
    },
  },
  trunk: {
    unique: { column: 'domain_name', among: 'not deleted' },
    columns: {
      ...owned,
      name: 'text',
      detail: 'text',
      domain_name: 'text',
      auth_types: 'json',
      username: 'text',
      allowed_ips: 'json',
      password_sealed: 'text',
    },
  },
  number: {
    unique: { column: 'number', among: 'not deleted' },
    columns: {
      ...owned,
      number: 'text',
      type: 'text',
      call_flow_id: 'text',
      message_flow_id: 'text',
      name: 'text',
      detail: 'text',
      status: 'text',
      t38_enabled: 'boolean',
      emergency_enabled: 'boolean',
      metadata: 'json',
      tm_purchase: 'text',
      tm_renew: 'text',
    },
  },
  provider: {
    columns: {
      id: 'text',
      ...lifetime,
      type: 'text',
      hostname: 'text',
      tech_prefix: 'text',
      tech_postfix: 'text',
      tech_headers: 'json',
      name: 'text',
      detail: 'text',
      metadata: 'json',
      codecs: 'text',
      health_status: 'text',
      health_checked_at: 'text',
    },
  },
  route: {
    columns: {
      ...owned,
      name: 'text',
      detail: 'text',
      provider_id: 'text',
      priority: 'integer',
      target: 'text',
    },
  },
  groupcall: {
    columns: {
      ...owned,
      owner_type: 'text',
      owner_id: 'text',
      status: 'text',
      flow_id: 'text',
      source: 'json',
      destinations: 'json',
      master_call_id: 'text',
      master_groupcall_id: 'text',
      ring_method: 'text',
      answer_method: 'text',
      answer_call_id: 'text',
      call_ids: 'json',
      answer_groupcall_id: 'text',
      groupcall_ids: 'json',
      call_count: 'integer',
      groupcall_count: 'integer',
      dial_index: 'integer',
      variables: 'json',
      anonymous: 'text',
    },
  },
  recording: {
    columns: {
      ...owned,
      owner_type: 'text',
      owner_id: 'text',
      activeflow_id: 'text',
      reference_type: 'text',
      reference_id: 'text',
      status: 'text',
      format: 'text',
      on_end_flow_id: 'text',
      tm_start: 'text',
      tm_end: 'text',
      files: 'json',
    },
  },
}

export const tableNames = Object.keys(tables).filter((name): name is TableName => name in tables)

/** The columns of a table by name, for code that treats all tables alike. */
export const columnsOf = (table: TableName): Readonly<Record<string, ColumnKind>> => tables[table].columns

/** Throws Bug unless every field is a column of the table and holds a value of its kind. */
export function checkFields(table: TableName, fields: Readonly<Record<string, unknown>>): void {
  const columns = columnsOf(table)
  for (const [field, value] of Object.entries(fields)) {
    const kind = columns[field]
    if (kind === undefined) throw new Bug(`${table} has no column ${field}`)
    if (!isOfKind(value, kind)) throw new Bug(`${table}.${field} takes ${kind}, not ${JSON.stringify(value)}`)
  }
}

/** As checkFields; throws Bug also when a column is missing. */
export function checkRow(table: TableName, row: Readonly<Record<string, unknown>>): void {
  checkFields(table, row)
  const missing = Object.keys(columnsOf(table)).find((column) => !(column in row))
  if (missing !== undefined) throw new Bug(`row of ${table} without ${missing}`)
}

function isOfKind(value: unknown, kind: ColumnKind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'json':
      return typeof value === 'object' && value !== null
  }
}
