// What the routes ask of the domain: one small interface per resource. `customerId` is the caller's tenant: another
// customer's id is answered like one that does not exist. All throw UserError.

import type { Customer } from '../schema/account.ts'
import type { Address } from '../schema/address.ts'
import type { Call } from '../schema/call.ts'
import type { Conference, Conferencecall } from '../schema/conference.ts'
import type { ConversationAccount } from '../schema/conversation.ts'
import type { Action, Activeflow, Flow } from '../schema/flow.ts'
import type { Groupcall } from '../schema/groupcall.ts'
import type { Recording } from '../schema/recording.ts'
import type {
  AvailableNumber,
  DialRoute,
  DialRouteCreate,
  DialRoutePatch,
  ExtensionCreate,
  ExtensionPatch,
  ExtensionView,
  NumberCreate,
  NumberPatch,
  PhoneNumber,
  Provider,
  ProviderCreate,
  ProviderPatch,
  TrunkCreate,
  TrunkPatch,
  TrunkView,
} from '../schema/routing.ts'

/** Newest first; rows with a tm_create below `before`, at most `limit`. */
export interface Page {
  readonly before?: string
  readonly limit: number
}

export interface ConferenceInput {
  readonly id?: string
  readonly type: Conference['type']
  readonly name: string
  readonly detail: string
  readonly data: Record<string, unknown>
  /** Seconds; 0 = never. */
  readonly timeout: number
  readonly pre_flow_id: string
  readonly post_flow_id: string
}

export interface ConferenceService {
  create(customerId: string, input: ConferenceInput): Promise<Conference>
  get(customerId: string, id: string): Promise<Conference>
  list(customerId: string, page: Page): Promise<Conference[]>
  update(customerId: string, id: string, patch: Partial<ConferenceInput>): Promise<Conference>
  remove(customerId: string, id: string): Promise<Conference>
  regenerateHash(customerId: string, id: string): Promise<Conference>
}

export interface ConferencecallService {
  get(customerId: string, id: string): Promise<Conferencecall>
  list(customerId: string, page: Page): Promise<Conferencecall[]>
  kick(customerId: string, id: string): Promise<Conferencecall>
}

export interface CallInput {
  readonly source: Address
  readonly destinations: Address[]
  readonly flow_id: string
  /** As the flow service normalised them. */
  readonly actions: Action[]
  readonly variables: Record<string, string>
  /** `yes`, `no`, `auto` or ''; '' when absent. */
  readonly anonymous?: string
}

export interface CallService {
  create(customerId: string, input: CallInput): Promise<{ calls: Call[]; groupcalls: Groupcall[] }>
  get(customerId: string, id: string): Promise<Call>
  list(customerId: string, page: Page): Promise<Call[]>
  remove(customerId: string, id: string): Promise<Call>
  hangup(customerId: string, id: string): Promise<Call>
}

export interface GroupcallInput {
  readonly source: Address
  readonly destinations: Address[]
  readonly flow_id: string
  /** As the flow service normalised them. */
  readonly actions: Action[]
  readonly variables: Record<string, string>
  readonly ring_method: Groupcall['ring_method']
  readonly answer_method: Groupcall['answer_method']
  /** `yes`, `no`, `auto` or ''. */
  readonly anonymous: string
}

export interface GroupcallService {
  create(customerId: string, input: GroupcallInput): Promise<Groupcall>
  get(customerId: string, id: string): Promise<Groupcall>
  list(customerId: string, page: Page): Promise<Groupcall[]>
  remove(customerId: string, id: string): Promise<Groupcall>
  hangup(customerId: string, id: string): Promise<Groupcall>
}

/** What the API does to the sound of a call that is up. Throws CALL_NOT_FOUND, CALL_NOT_PROGRESSING. */
export interface CallControlService {
  hold(customerId: string, id: string): Promise<void>
  unhold(customerId: string, id: string): Promise<void>
  /** Besides what is muted already. */
  mute(customerId: string, id: string, direction: 'in' | 'out' | 'both'): Promise<void>
  unmute(customerId: string, id: string, direction: 'in' | 'out' | 'both'): Promise<void>
  startMusic(customerId: string, id: string): Promise<void>
  stopMusic(customerId: string, id: string): Promise<void>
  silence(customerId: string, id: string): Promise<void>
  unsilence(customerId: string, id: string): Promise<void>
  /** Does not wait until it is said. */
  talk(customerId: string, id: string, input: TalkInput): Promise<void>
}

/** Empty text says nothing; other empty fields mean the server's default. */
export interface TalkInput {
  readonly text: string
  readonly language: string
  readonly provider: string
  readonly voiceId: string
}

export interface FlowInput {
  readonly name: string
  readonly detail: string
  /** Raw; the service validates and normalises. */
  readonly actions: unknown[]
  readonly on_complete_flow_id: string
}

export interface FlowService {
  create(customerId: string, input: FlowInput): Promise<Flow>
  get(customerId: string, id: string): Promise<Flow>
  list(customerId: string, page: Page): Promise<Flow[]>
  update(customerId: string, id: string, patch: Partial<FlowInput>): Promise<Flow>
  remove(customerId: string, id: string): Promise<Flow>
  regenerateHash(customerId: string, id: string): Promise<Flow>
  /** Throws UserError that names the field. */
  normalise(actions: unknown[]): Action[] | Promise<Action[]>
}

export interface ActiveflowInput {
  readonly id?: string
  readonly flow_id: string
  /** Run when no flow is named; one of the two is needed. */
  readonly actions?: unknown[]
  readonly variables: Record<string, string>
  readonly webhook_uri: string
  readonly webhook_method: string
}

export interface ActiveflowService {
  create(customerId: string, input: ActiveflowInput): Promise<Activeflow>
  get(customerId: string, id: string): Promise<Activeflow>
  list(customerId: string, page: Page): Promise<Activeflow[]>
  stop(customerId: string, id: string): Promise<Activeflow>
  remove(customerId: string, id: string): Promise<Activeflow>
}

export interface ConversationAccountInput {
  readonly type: ConversationAccount['type']
  readonly name: string
  readonly detail: string
  readonly secret: string
  readonly token: string
  readonly provider_data: string
  readonly message_flow_id: string
}

export interface SetupInput {
  readonly reference_type: string
  readonly account_id?: string
  readonly secret?: string
  readonly token?: string
}

export interface ConversationAccountService {
  create(customerId: string, input: ConversationAccountInput): Promise<ConversationAccount>
  get(customerId: string, id: string): Promise<ConversationAccount>
  list(customerId: string, page: Page): Promise<ConversationAccount[]>
  update(customerId: string, id: string, patch: Partial<ConversationAccountInput>): Promise<ConversationAccount>
  remove(customerId: string, id: string): Promise<ConversationAccount>
  setup(customerId: string, input: SetupInput): Promise<object>
  setLineInfo(customerId: string, input: { line_secret: string; line_token: string }): Promise<Customer>
}

export interface ExtensionService {
  create(customerId: string, input: ExtensionCreate): Promise<ExtensionView>
  get(customerId: string, id: string): Promise<ExtensionView>
  list(customerId: string, page: Page): Promise<ExtensionView[]>
  update(customerId: string, id: string, patch: ExtensionPatch): Promise<ExtensionView>
  remove(customerId: string, id: string): Promise<ExtensionView>
  regenerateHash(customerId: string, id: string): Promise<ExtensionView>
}

export interface TrunkService {
  create(customerId: string, input: TrunkCreate): Promise<TrunkView>
  get(customerId: string, id: string): Promise<TrunkView>
  list(customerId: string, page: Page): Promise<TrunkView[]>
  update(customerId: string, id: string, patch: TrunkPatch): Promise<TrunkView>
  remove(customerId: string, id: string): Promise<TrunkView>
}

export interface NumberService {
  create(customerId: string, input: NumberCreate): Promise<PhoneNumber>
  get(customerId: string, id: string): Promise<PhoneNumber>
  list(customerId: string, page: Page): Promise<PhoneNumber[]>
  update(customerId: string, id: string, patch: NumberPatch): Promise<PhoneNumber>
  setMetadata(customerId: string, id: string, metadata: Readonly<Record<string, unknown>>): Promise<PhoneNumber>
  /** An empty time means now. */
  renew(customerId: string, id: string, tmRenew: string): Promise<PhoneNumber>
  renewAll(tmRenew: string): Promise<PhoneNumber[]>
  remove(customerId: string, id: string): Promise<PhoneNumber>
  available(offer: {
    readonly type: PhoneNumber['type']
    readonly countryCode: string
    readonly limit: number
  }): Promise<AvailableNumber[]>
}

/** Belongs to the server, not to a customer. */
export interface ProviderService {
  create(input: ProviderCreate): Promise<Provider>
  get(id: string): Promise<Provider>
  list(page: Page): Promise<Provider[]>
  update(id: string, patch: ProviderPatch): Promise<Provider>
  remove(id: string): Promise<Provider>
}

/** Made by operators, whoever's calls they are for. */
export interface DialRouteService {
  create(input: DialRouteCreate): Promise<DialRoute>
  get(id: string): Promise<DialRoute>
  /** Of all customers when `customerId` is empty. */
  list(customerId: string, page: Page): Promise<DialRoute[]>
  update(id: string, patch: DialRoutePatch): Promise<DialRoute>
  remove(id: string): Promise<DialRoute>
}

/** Seconds; 0 for never. */
export interface RecordingInput {
  readonly format: 'wav' | 'ogg'
  readonly duration: number
  readonly end_of_silence: number
  /** Empty or `none`, `any`, or keys. */
  readonly end_of_key: string
  /** Nil for none. */
  readonly on_end_flow_id: string
}

export interface RecordingService {
  get(customerId: string, id: string): Promise<Recording>
  list(customerId: string, page: Page): Promise<Recording[]>
  remove(customerId: string, id: string): Promise<Recording>
  startForCall(customerId: string, callId: string, input: RecordingInput): Promise<Recording>
  stopForCall(customerId: string, callId: string): Promise<Recording>
  startForConference(customerId: string, conferenceId: string, input: RecordingInput): Promise<Recording>
  stopForConference(customerId: string, conferenceId: string): Promise<Recording>
  /** A token with which whoever has it may download the recording for some minutes. */
  permit(customerId: string, id: string): Promise<string>
  download(id: string, permit: string): Promise<RecordingDownload>
}

export interface RecordingDownload {
  /** Name to save it under. */
  readonly name: string
  readonly contentType: string
  readonly bytes: number
  /** Changes whenever the content does. */
  readonly tag: string
  /** Octets `start` to `end`, both included. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

export interface Services {
  readonly conferences: ConferenceService
  readonly conferencecalls: ConferencecallService
  readonly calls: CallService
  readonly groupcalls: GroupcallService
  readonly callControls: CallControlService
  readonly flows: FlowService
  readonly activeflows: ActiveflowService
  readonly conversationAccounts: ConversationAccountService
  readonly recordings: RecordingService
  readonly extensions: ExtensionService
  readonly trunks: TrunkService
  readonly numbers: NumberService
  readonly providers: ProviderService
  readonly dialRoutes: DialRouteService
}
