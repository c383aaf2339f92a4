// What the flow engine asks of the call and conference layers. They implement it; the engine knows nothing else of them.
import type { HangupReason } from '../base/errors.ts'
import type { Address } from '../schema/address.ts'
import type { CallStatus } from '../schema/call.ts'
import type { Action } from '../schema/flow.ts'

/** The call that an activeflow runs on. */
export interface FlowCall {
  readonly id: string
  readonly customerId: string
  readonly direction: 'incoming' | 'outgoing'
  readonly source: Address
  readonly destination: Address
  /** Nil UUID when the call has no master. */
  readonly masterCallId: string
  status(): CallStatus
  /** No-op when the call is up already; rejects when it has ended. */
  answer(): Promise<void>
  /** `''` means normal. */
  hangup(reason: HangupReason): Promise<void>
  /** Reason of another call of the same customer, for `hangup` with a reference. */
  hangupReasonOf(callId: string): Promise<HangupReason>
  echo(durationMs: number, signal: AbortSignal): Promise<void>
  beep(signal: AbortSignal): Promise<void>
  /** The call's `action` follows the cursor of its activeflow. */
  actionChanged(action: Action): void
  readonly audio: CallAudio
}

export interface FlowConferences {
  /** Creates the conferencecall in `joining`. Throws UserError for an unknown, foreign or ending conference. */
  admit(request: { call: FlowCall; conferenceId: string; activeflowId: string }): Promise<Admitted>
  /**
   * Enters the mix and resolves when the participant has left it (kick, conference ended); rejects when it could not enter.
   * A nil `conferencecallId` is admitted first; one that was removed before it could enter resolves at once.
   */
  stay(request: StayRequest): Promise<void>
}

export interface Admitted {
  readonly preFlowId: string
  readonly postFlowId: string
  readonly confbridgeId: string
  readonly conferencecallId: string
}

export interface StayRequest {
  readonly call: FlowCall
  readonly confbridgeId: string
  readonly conferencecallId: string
  readonly activeflowId: string
  readonly signal: AbortSignal
}

/** Where actions come from while a flow runs; the tenant is already chosen. */
export interface FlowSource {
  /** Throws UserError FLOW_NOT_FOUND for a missing, deleted or foreign flow. */
  actionsOf(flowId: string): Promise<readonly Action[]>
  /** Checks actions that came from outside, as at storing. Throws UserError naming the field below `path`. */
  checked(actions: unknown, path: string): readonly Action[]
}

/** Whether a call in this status can do nothing more than end. */
export const isEnding = (status: CallStatus): boolean =>
  status === 'terminating' || status === 'canceling' || status === 'hangup'

/**
 * What a flow does with the sound and the keys of its call. Every method that answers a promise answers the call if need
 * be, and rejects when the call is over; the listeners may be set from the start and hear nothing before that.
 */
export interface CallAudio {
  /** Told of every key pressed (RFC 4733 or INFO), one of 0-9 A-D * #, in the order of listening, until the answer is called. */
  onDigit(listener: (digit: string) => void): () => void
  /** Told when the phone's user begins and ends to talk, until the answer is called. */
  onTalking(listener: (talking: boolean) => void): () => void
  /** Plays a file or an address on top of all else; resolves when it ended or `signal` aborted. Rejects with UserError when it cannot be played. */
  play(source: AudioSource, signal: AbortSignal): Promise<void>
  /** Sends keys by RFC 4733. */
  sendDigits(
    digits: string,
    timing: { readonly durationMs: number; readonly intervalMs: number },
    signal: AbortSignal,
  ): Promise<void>
  /** `''`: nothing is muted. */
  mute(direction: '' | 'in' | 'out' | 'both'): Promise<void>
  startExternalMedia(request: ExternalMediaRequest): Promise<void>
  stopExternalMedia(): Promise<void>
}

export type AudioSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }

export interface ExternalMediaRequest {
  /** Numeric address or name, and port, of the receiver of RTP. */
  readonly host: string
  readonly port: number
  readonly codec: 'PCMU' | 'PCMA' | 'G722' | 'L16'
  /** What the receiver hears: what the phone says (`in`, when absent), what the phone hears, both. */
  readonly listen?: 'in' | 'out' | 'both' | 'none'
  /** Whether the phone hears the receiver: `out` (when absent) if it does. */
  readonly speak?: 'out' | 'none'
}

/** Text to speech, rendered before it is played. */
export interface FlowSpeech {
  /** A WAV file that stays at least until the call that asked is over. Throws UserError for text that no engine can say, OperationalError otherwise. */
  render(request: SpeechRequest, signal: AbortSignal): Promise<AudioSource>
}

export interface SpeechRequest {
  /** Plain text or SSML (`<speak>…`). */
  readonly text: string
  /** BCP 47; empty for the server's default. */
  readonly language: string
  readonly voiceId: string
  readonly provider: string
}

/** Requests that flows make to addresses of their owner. Private and local addresses are refused unless the operator allowed them. */
export interface FlowWeb {
  /** Sends; resolves with status and body (at most 1 MiB). Throws UserError for an address that is refused, OperationalError when it fails. */
  send(request: WebRequest, signal: AbortSignal): Promise<{ readonly status: number; readonly body: string }>
}

export interface WebRequest {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Empty for none. */
  readonly contentType: string
  readonly body: string
  /** Of the customer whose flow it is. */
  readonly customerId: string
}

/** Recording of the call that a flow runs on. */
export interface FlowRecordings {
  /** Resolves with the recording's id once it runs. Throws UserError RECORDING_ALREADY_ACTIVE, CALL_NOT_PROGRESSING. */
  start(call: FlowCall, request: RecordingRequest): Promise<StartedRecording>
  /** Resolves once the files are complete. No-op when none runs. */
  stop(callId: string): Promise<void>
}

export interface RecordingRequest {
  readonly activeflowId: string
  readonly format: 'wav' | 'ogg'
  /** Seconds; 0 for never. */
  readonly endOfSilence: number
  /** '', 'any', or keys of 0-9 A-D # *. */
  readonly endOfKey: string
  readonly duration: number
  readonly beep: boolean
  /** Nil for none. */
  readonly onEndFlowId: string
}

export interface StartedRecording {
  readonly id: string
  readonly format: string
  readonly name: string
  readonly filenames: readonly string[]
}

/** New calls that a flow asks for. */
export interface FlowDialling {
  /** Independent calls; resolves once they are dialled. Throws UserError naming the destination that cannot be. */
  call(request: DialRequest): Promise<{ readonly callIds: readonly string[]; readonly groupcallIds: readonly string[] }>
  /** Rings the destinations, bridges the first answer with this call, resolves when they have parted. Aborting parts them. */
  connect(request: ConnectRequest): Promise<ConnectOutcome>
}

export interface DialRequest {
  readonly customerId: string
  readonly call: FlowCall | undefined
  readonly activeflowId: string
  readonly source: Address
  readonly destinations: readonly Address[]
  /** Nil when `actions` are given. */
  readonly flowId: string
  readonly actions: readonly Action[]
  /** Hung up together with `call`. */
  readonly chained: boolean
  /** Their flow begins at ringing. */
  readonly early: boolean
  readonly anonymous: string
  /** Of the flow; `sip.header.X-…` ones go out as headers. */
  readonly variables: Readonly<Record<string, string>>
}

export interface ConnectRequest {
  readonly call: FlowCall
  readonly activeflowId: string
  readonly source: Address
  readonly destinations: readonly Address[]
  readonly earlyMedia: boolean
  readonly anonymous: string
  /** Of the flow; `sip.header.X-…` ones go out as headers. */
  readonly variables: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export interface ConnectOutcome {
  /** The call that answered, or the last that failed; nil when none was dialled. */
  readonly callId: string
  readonly answered: boolean
  /** Of that call. */
  readonly hangupReason: HangupReason
}

/** Features of the user's own: an HTTP endpoint each (docs/adapters.md). */
export interface FlowAdapters {
  /** Whether an endpoint is configured for it. */
  has(kind: AdapterKind): boolean
  /** Asks the endpoint; the answer's `variables` are set in the activeflow, its `actions` are checked and pushed. */
  ask(kind: AdapterKind, payload: AdapterPayload, signal: AbortSignal): Promise<AdapterReply>
}

export type AdapterKind = 'ai' | 'queue' | 'email' | 'message' | 'case' | 'transcribe' | 'conversation'

/** What every endpoint is told (JSON). */
export type AdapterPayload = {
  /** Word of the action. */
  readonly action: string
  /** With variables filled in. */
  readonly option: Readonly<Record<string, unknown>>
  readonly activeflow_id: string
  readonly customer_id: string
  readonly reference_id: string
  /** Null when the activeflow has no call. */
  readonly call: {
    readonly id: string
    readonly direction: string
    readonly status: string
    readonly source: Address
    readonly destination: Address
  } | null
  readonly variables: Readonly<Record<string, string>>
}

export interface AdapterReply {
  readonly variables: Readonly<Record<string, string>>
  readonly actions: readonly { readonly type: string; readonly option: Readonly<Record<string, unknown>> }[]
}
