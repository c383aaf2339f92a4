// What the store keeps: one row type per table. Rows carry the API's field names, plus the internals that no answer shows.
// `tm_*` are texts as in base/time.ts; objects and arrays are kept as JSON by the store.
import type { Accesskey, Agent, Customer } from './account.ts'
import type { Call } from './call.ts'
import type { Conference, Conferencecall } from './conference.ts'
import type { ConversationAccount } from './conversation.ts'
import type { Activeflow, Flow } from './flow.ts'
import type { Groupcall } from './groupcall.ts'
import type { Recording, RecordingFile } from './recording.ts'
import type { DialRoute, Extension, PhoneNumber, Provider, Trunk } from './routing.ts'

/** `account_number` is the API's `user_id`; `line_secret_sealed`/`line_token_sealed` are encrypted, empty when unset. */
export type CustomerRow = Customer & {
  account_number: number
  webhook_secret: string
  line_secret_sealed: string
  line_token_sealed: string
}
/** `password_hash` is an argon2id PHC string. */
export type AgentRow = Agent & { password_hash: string }
/** `token_hash` is the SHA-256 of the token, hexadecimal. */
export type AccesskeyRow = Omit<Accesskey, 'token'> & { token_hash: string }
/** `tm_timeout`: when the conference deletes itself; empty when never. */
export type ConferenceRow = Omit<Conference, 'user_id' | 'pre_actions' | 'post_actions'> & { tm_timeout: string }
export type ConferencecallRow = Conferencecall
/** `sip_call_id`, `leg_id`: handles of the signalling dialog and the media leg. */
export type CallRow = Call & { sip_call_id: string; leg_id: string }
/** `persistent` is false for flows that the server made for one call. */
export type FlowRow = Flow & { persistent: boolean }
export type ActiveflowRow = Activeflow & { complete_count: number }
/** Owner of a direct hash. */
export interface DirectRow {
  id: string
  customer_id: string
  hash: string
  resource_type: 'conference' | 'flow' | 'agent' | 'extension'
  resource_id: string
  tm_create: string
  tm_update: string
  tm_delete: string
}
/** `secret_sealed`, `token_sealed` are encrypted at rest (AES-256-GCM). */
export type ConversationAccountRow = ConversationAccount & { secret_sealed: string; token_sealed: string }
/** `password_sealed` is encrypted at rest: digest needs the password itself. `registrar_key` is `<customer id>/<extension>`, what must be unique. */
export type ExtensionRow = Extension & { password_sealed: string; registrar_key: string }
/** Where a registered phone can be reached (RFC 3261 §10); `aor_key` is the extension's `registrar_key`. */
export interface ContactRow {
  id: string
  customer_id: string
  extension_id: string
  aor_key: string
  /** Contact URI as the phone gave it. */
  uri: string
  /** `<aor_key> <instance and reg-id, or contact URI>`: what a new REGISTER replaces (RFC 5626 §6). */
  binding_key: string
  instance_id: string
  reg_id: number
  /** Transport, and the addresses that requests to it go to and leave from, as JSON of a TransportFlow. */
  flow: Record<string, unknown>
  path: string[]
  user_agent: string
  call_id: string
  cseq: number
  /** 0 to 1000: q-value in thousandths. */
  q: number
  tm_expire: string
  tm_create: string
  tm_update: string
  tm_delete: string
}
/** `password_sealed` is encrypted at rest. */
export type TrunkRow = Trunk & { password_sealed: string }
export type NumberRow = PhoneNumber
export type ProviderRow = Provider
export type RouteRow = DialRoute
/** `answered`: an answer was chosen. `variables` and `anonymous` are what its calls are made with. */
export type GroupcallRow = Groupcall & { variables: Record<string, string>; anonymous: string }
export type RecordingRow = Recording & { files: RecordingFile[] }
/** Server-wide facts such as signing keys; `id` is the name. */
export interface SettingRow {
  id: string
  value: string
  tm_create: string
  tm_update: string
  tm_delete: string
}

/** Table name → row type. Every row has id, tm_create, tm_update and tm_delete. */
export interface Rows {
  customer: CustomerRow
  agent: AgentRow
  accesskey: AccesskeyRow
  conference: ConferenceRow
  conferencecall: ConferencecallRow
  call: CallRow
  flow: FlowRow
  activeflow: ActiveflowRow
  direct: DirectRow
  conversation_account: ConversationAccountRow
  setting: SettingRow
  extension: ExtensionRow
  contact: ContactRow
  trunk: TrunkRow
  number: NumberRow
  provider: ProviderRow
  route: RouteRow
  groupcall: GroupcallRow
  recording: RecordingRow
}
export type TableName = keyof Rows
