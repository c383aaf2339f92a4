// What the API does to the sound of a call that is up: hold, mute, music on hold, silence, speech.
import { UserError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { FlowSpeech, SpeechRequest } from '../flow/ports.ts'
import type { Call, CallStatus } from '../schema/call.ts'
import type { CallRow } from '../schema/rows.ts'
import type { LegAudio } from './call-audio.ts'
import { type MuteDirection, withMute, withoutMute } from './call-audio-quiet.ts'
import type { AudibleCall } from './call-audios.ts'
import type { CallMedia } from './call-media.ts'
import type { Signalling } from './ports.ts'

/** A call that is alive, as these controls need it. */
export interface ControlledCall extends AudibleCall {
  status(): CallStatus
  /** Of its SIP session. */
  readonly sessionId: string
  readonly media: Pick<CallMedia, 'redirect'>
  readonly row: CallRow
  /** Resolves when all that was written of it so far is stored. */
  readonly saved: Promise<unknown>
}

export interface CallControlsOptions {
  readonly calls: {
    /** Throws UserError CALL_NOT_FOUND, for another customer's as well. */
    get(customerId: string, id: string): Promise<Call>
    live(id: string): ControlledCall | undefined
  }
  readonly audio: (call: AudibleCall) => LegAudio<AudibleCall>
  readonly signalling: Signalling
  readonly speech: FlowSpeech
  readonly log: Log
}

type Direction = Exclude<MuteDirection, ''>

/** Every method throws UserError: CALL_NOT_FOUND, or CALL_NOT_PROGRESSING for a call that is not up. */
export class CallControls {
  readonly #options: CallControlsOptions
  /** What is being said to each call: one text after the other. */
  readonly #speeches = new WeakMap<ControlledCall, Promise<unknown>>()

  constructor(options: CallControlsOptions) {
    this.#options = options
  }

  /** The phone is asked by a re-INVITE to send nothing; nothing of it is heard and it hears no mix, whatever it answers. */
  hold(customerId: string, id: string): Promise<void> {
    return this.#hold(customerId, id, true)
  }

  unhold(customerId: string, id: string): Promise<void> {
    return this.#hold(customerId, id, false)
  }

  async mute(customerId: string, id: string, direction: Direction): Promise<void> {
    const call = await this.#progressing(customerId, id)
    await this.#options.audio(call).mute(withMute(call.row.mute_direction, direction))
    await call.saved
  }

  async unmute(customerId: string, id: string, direction: Direction): Promise<void> {
    const call = await this.#progressing(customerId, id)
    await this.#options.audio(call).mute(withoutMute(call.row.mute_direction, direction))
    await call.saved
  }

  /** Throws OperationalError when there is no music to be had. */
  async startMusic(customerId: string, id: string): Promise<void> {
    await (await this.#audio(customerId, id)).music(true)
  }

  async stopMusic(customerId: string, id: string): Promise<void> {
    await (await this.#audio(customerId, id)).music(false)
  }

  async silence(customerId: string, id: string): Promise<void> {
    await (await this.#audio(customerId, id)).silence(true)
  }

  async unsilence(customerId: string, id: string): Promise<void> {
    await (await this.#audio(customerId, id)).silence(false)
  }

  /** Says it after what is being said already; does not wait for it. Empty text says nothing. */
  async talk(customerId: string, id: string, request: SpeechRequest): Promise<void> {
    const call = await this.#progressing(customerId, id)
    if (request.text.trim() === '') return
    // It is rendered while others are being said.
    const rendered = this.#options.speech.render(request, call.ended)
    rendered.catch(() => undefined)
    const before = this.#speeches.get(call) ?? Promise.resolve()
    const say = async (): Promise<void> => this.#options.audio(call).play(await rendered, call.ended)
    const said = before.then(say).catch((error: unknown) => {
      if (!call.ended.aborted) this.#options.log.warn({ err: error, call_id: id }, 'a text could not be said to a call')
    })
    this.#speeches.set(call, said)
  }

  async #hold(customerId: string, id: string, on: boolean): Promise<void> {
    const call = await this.#progressing(customerId, id)
    await this.#options.audio(call).hold(on)
    const { sessionId, media } = call
    const offer = media.redirect(on ? 'sendonly' : 'sendrecv')
    this.#options.signalling.command({ kind: 'reinvite', sessionId, offer })
  }

  async #audio(customerId: string, id: string): Promise<LegAudio<AudibleCall>> {
    return this.#options.audio(await this.#progressing(customerId, id))
  }

  async #progressing(customerId: string, id: string): Promise<ControlledCall> {
    const { status } = await this.#options.calls.get(customerId, id)
    const call = this.#options.calls.live(id)
    if (call?.status() === 'progressing') return call
    const now = call?.status() ?? status
    throw new UserError('CALL_NOT_PROGRESSING', `call ${id} is ${now}; this needs a call that is progressing`)
  }
}
