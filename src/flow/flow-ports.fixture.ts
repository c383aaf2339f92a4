// For tests: everything outside that actions reach, recording what it is asked and answering what a test set.
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { Clock } from '../base/time.ts'
import type {
  AdapterKind,
  AdapterPayload,
  AdapterReply,
  AudioSource,
  CallAudio,
  ConnectOutcome,
  ConnectRequest,
  DialRequest,
  ExternalMediaRequest,
  FlowAdapters,
  FlowDialling,
  FlowRecordings,
  FlowSpeech,
  FlowWeb,
  RecordingRequest,
  SpeechRequest,
  WebRequest,
} from './ports.ts'
import { wait } from './wait.ts'

/** Each play lasts a second. */
export const playMs = 1000

export class FakeAudio implements CallAudio {
  readonly #heard: string[]
  readonly #clock: Clock
  readonly #keys = new Set<(digit: string) => void>()
  readonly #talk = new Set<(talking: boolean) => void>()
  /** Addresses that cannot be played. */
  readonly unplayable = new Set<string>()

  constructor(heard: string[], clock: Clock) {
    this.#heard = heard
    this.#clock = clock
  }

  /** The phone's user presses keys. */
  press(digits: string): void {
    for (const digit of digits) for (const listener of [...this.#keys]) listener(digit)
  }

  talk(talking: boolean): void {
    for (const listener of [...this.#talk]) listener(talking)
  }

  get listeners(): number {
    return this.#keys.size + this.#talk.size
  }

  onDigit(listener: (digit: string) => void): () => void {
    this.#keys.add(listener)
    return () => void this.#keys.delete(listener)
  }

  onTalking(listener: (talking: boolean) => void): () => void {
    this.#talk.add(listener)
    return () => void this.#talk.delete(listener)
  }

  async play(source: AudioSource, signal: AbortSignal): Promise<void> {
    const what = source.kind === 'url' ? source.url : source.path
    if (this.unplayable.has(what)) throw new UserError('INVALID_ARGUMENT', 'not audio')
    this.#heard.push(`play ${what}`)
    await wait(this.#clock, playMs, signal).catch(() => void this.#heard.push(`cut ${what}`))
  }

  async sendDigits(digits: string, timing: { durationMs: number; intervalMs: number }): Promise<void> {
    this.#heard.push(`send ${digits} ${timing.durationMs}/${timing.intervalMs}`)
  }

  async mute(direction: string): Promise<void> {
    this.#heard.push(`mute "${direction}"`)
  }

  async startExternalMedia({ host, port, codec, listen, speak }: ExternalMediaRequest): Promise<void> {
    this.#heard.push(`media ${host} ${port} ${codec} ${listen}/${speak}`)
  }

  async stopExternalMedia(): Promise<void> {
    this.#heard.push('media stop')
  }
}

class FakeSpeech implements FlowSpeech {
  readonly asked: SpeechRequest[] = []
  fail: Error | undefined

  async render(request: SpeechRequest): Promise<AudioSource> {
    this.asked.push(request)
    if (this.fail) throw this.fail
    return { kind: 'file', path: request.text }
  }
}

export class FakeWeb implements FlowWeb {
  readonly asked: WebRequest[] = []
  /** Given one after the other; the last one stays. */
  answers: ({ readonly status: number; readonly body: string } | Error)[] = [{ status: 200, body: '[]' }]

  async send(request: WebRequest): Promise<{ readonly status: number; readonly body: string }> {
    this.asked.push(request)
    const [answer = { status: 500, body: '' }] = this.answers.length > 1 ? this.answers.splice(0, 1) : this.answers
    if (answer instanceof Error) throw answer
    return answer
  }
}

class FakeRecordings implements FlowRecordings {
  readonly asked: RecordingRequest[] = []
  readonly stopped: string[] = []
  readonly started = { id: newUuid(), format: 'wav', name: 'call_1', filenames: ['call_1_in.wav', 'call_1_out.wav'] }
  fail: Error | undefined

  async start(_call: unknown, request: RecordingRequest) {
    if (this.fail) throw this.fail
    this.asked.push(request)
    return this.started
  }

  async stop(callId: string): Promise<void> {
    this.stopped.push(callId)
  }
}

class FakeDialling implements FlowDialling {
  readonly dialled: DialRequest[] = []
  readonly connected: ConnectRequest[] = []
  fail: Error | undefined
  outcome: ConnectOutcome = { callId: nilUuid, answered: false, hangupReason: 'noanswer' }

  async call(request: DialRequest) {
    if (this.fail) throw this.fail
    this.dialled.push(request)
    return { callIds: [newUuid()], groupcallIds: [] }
  }

  async connect(request: ConnectRequest): Promise<ConnectOutcome> {
    if (this.fail) throw this.fail
    this.connected.push(request)
    return this.outcome
  }
}

class FakeAdapters implements FlowAdapters {
  readonly configured = new Set<AdapterKind>()
  readonly asked: { readonly kind: AdapterKind; readonly payload: AdapterPayload }[] = []
  reply: AdapterReply | Error = { variables: {}, actions: [] }
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(kind: AdapterKind): boolean {
    return this.configured.has(kind)
  }

  /** Answers after 100 ms. */
  async ask(kind: AdapterKind, payload: AdapterPayload, signal: AbortSignal): Promise<AdapterReply> {
    this.asked.push({ kind, payload })
    await wait(this.#clock, 100, signal)
    if (this.reply instanceof Error) throw this.reply
    return this.reply
  }
}

export const fakePorts = (clock: Clock) => ({
  speech: new FakeSpeech(),
  web: new FakeWeb(),
  recordings: new FakeRecordings(),
  dialling: new FakeDialling(),
  adapters: new FakeAdapters(clock),
})
