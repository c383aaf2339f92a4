// What a call hears and says besides its mix: plays, keys, mutes, music on hold, external media. All plays of a call sound at the same time, on top
// of what it hears; whoever wants one after the other waits for the first to end.
import { classify, OperationalError, UserError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { Listeners } from '../base/listeners.ts'
import type { AudioSource, CallAudio, ExternalMediaRequest } from '../flow/ports.ts'
import type { EngineCommand, EngineNotice, MediaEngine } from '../media/engine.ts'
import { KeyMerger, type KeyPath, type PressedKey, readInfoKey } from './call-audio-keys.ts'
import { type MuteDirection, Quiet } from './call-audio-quiet.ts'
import type { ResolveHost } from './ports.ts'

/** The call that a leg is of. */
export interface AudibleLeg {
  readonly legId: string
  /** Aborted when the call is over. */
  readonly ended: AbortSignal
  /** Answers the call; rejects when it is over. */
  answer(): Promise<void>
}

/** The same for the legs of all calls. */
export interface LegAudioOptions<Leg extends AudibleLeg> {
  readonly engine: Pick<MediaEngine, 'request'>
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** For external media: rejects for a host that is not to be reached. */
  readonly resolve: ResolveHost
  /** What is played on hold, again and again. */
  readonly tune: () => Promise<AudioSource>
  /** Told what of a call is muted now. */
  readonly muted?: (leg: Leg, direction: MuteDirection) => void
  /** Told when a call is over. */
  readonly over?: (leg: Leg) => void
}

type PlayEnded = Extract<EngineNotice, { kind: 'playEnded' }>

/** A play that sounds; undefined when the call ended first. */
interface Sounding {
  readonly ended: Promise<PlayEnded | undefined>
  stop(): void
}

/** Whose sound a notice is about: a leg's id, undefined for a mix's or a worker's. */
export function legOf(notice: EngineNotice): string | undefined {
  if (notice.kind === 'digit' || notice.kind === 'talking') return notice.legId
  if (notice.kind !== 'playEnded') return undefined
  const end = notice.playId.indexOf('/')
  return end < 0 ? undefined : notice.playId.slice(0, end)
}

export class LegAudio<Leg extends AudibleLeg> implements CallAudio {
  readonly #leg: Leg
  readonly #options: LegAudioOptions<Leg>
  readonly #digits = new Listeners<[digit: string]>()
  readonly #talking = new Listeners<[talking: boolean]>()
  #keys: KeyMerger | undefined
  #plays: Map<string, (ended: PlayEnded | undefined) => void> | undefined
  #quiet: Quiet | undefined
  /** Keys go out one request after the other. */
  #sending: Promise<unknown> | undefined
  #music: AbortController | undefined

  constructor(leg: Leg, options: LegAudioOptions<Leg>) {
    this.#leg = leg
    this.#options = options
    leg.ended.addEventListener('abort', () => this.#over(), { once: true })
  }

  /** What is muted now. */
  get mutedDirection(): MuteDirection {
    return this.#quiet?.direction ?? ''
  }

  get #silences(): Quiet {
    this.#quiet ??= new Quiet((muted) => this.#request({ kind: 'mute', legId: this.#leg.legId, ...muted }))
    return this.#quiet
  }

  onDigit(listener: (digit: string) => void): () => void {
    return this.#digits.add(listener)
  }

  onTalking(listener: (talking: boolean) => void): () => void {
    return this.#talking.add(listener)
  }

  /** A notice of the engine about this call's leg (`legOf`). */
  onNotice(notice: EngineNotice): void {
    if (notice.kind === 'digit') this.#press('event', notice)
    else if (notice.kind === 'talking') this.#talking.tell(notice.talking)
    else if (notice.kind === 'playEnded') this.#plays?.get(notice.playId)?.(notice)
  }

  /** An INFO of the call's session; what is no key is left alone. */
  onInfo(contentType: string, body: string): void {
    const key = readInfoKey(contentType, body)
    if (key !== undefined) this.#press('info', key)
  }

  async play(source: AudioSource, signal: AbortSignal): Promise<void> {
    await this.#ready()
    if (signal.aborted) return
    const sounding = await this.#start(source, { loop: false, signal }).catch((error: unknown) => {
      if (signal.aborted) return undefined
      throw this.#failure(error)
    })
    const notice = await sounding?.ended
    if (signal.aborted) return
    if (notice === undefined) throw over()
    if (notice.reason === 'engine_failed') throw new OperationalError(notice.message, { retryable: true })
    if (notice.reason === 'finished' || notice.reason === 'stopped') return
    throw new UserError('INVALID_ARGUMENT', notice.message, { details: [{ reason: notice.reason }] })
  }

  async sendDigits(
    digits: string,
    timing: { readonly durationMs: number; readonly intervalMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#ready()
    const sent = (this.#sending ?? Promise.resolve()).then(() => this.#send(digits, timing, signal))
    this.#sending = sent.catch(() => undefined)
    await sent
  }

  async mute(direction: MuteDirection): Promise<void> {
    await this.#ready()
    const before = this.#silences.direction
    await this.#silences.mute(direction)
    if (direction !== before) this.#options.muted?.(this.#leg, direction)
  }

  /** The phone hears nothing of its mix; what is played to it alone is heard. */
  async silence(on: boolean): Promise<void> {
    await this.#ready()
    await this.#silences.set('silenced', on)
  }

  /** Nothing of the phone is heard and it hears nothing of its mix, whatever it makes of the new offer. */
  async hold(on: boolean): Promise<void> {
    await this.#ready()
    await this.#silences.set('held', on)
  }

  /** The phone hears music instead of its mix. Repeating it changes nothing. */
  async music(on: boolean): Promise<void> {
    await this.#ready()
    if (!on) {
      this.#music?.abort()
      this.#music = undefined
      await this.#silences.set('music', false)
    } else if (this.#music === undefined) {
      await this.#startMusic()
    }
  }

  async startExternalMedia({ host, port, codec, listen, speak }: ExternalMediaRequest): Promise<void> {
    await this.#ready()
    const addresses = await this.#options.resolve(host)
    const address = addresses.find((each) => !each.includes(':')) ?? addresses[0]
    if (address === undefined) throw new UserError('INVALID_ARGUMENT', `the host "${host}" has no address`)
    await this.#request({
      kind: 'tapStart',
      legId: this.#leg.legId,
      to: { address, port },
      codec,
      ...(listen !== undefined && { listen }),
      ...(speak !== undefined && { speak }),
    })
  }

  async stopExternalMedia(): Promise<void> {
    await this.#ready()
    await this.#request({ kind: 'tapStop', legId: this.#leg.legId })
  }

  async #ready(): Promise<void> {
    await this.#leg.answer()
    if (this.#leg.ended.aborted) throw over()
  }

  /** Resolves when it sounds. */
  async #start(source: AudioSource, how: { readonly loop: boolean; readonly signal: AbortSignal }): Promise<Sounding> {
    const { legId } = this.#leg
    const playId = `${legId}/${newUuid()}`
    const { promise: ended, resolve } = Promise.withResolvers<PlayEnded | undefined>()
    const stop = (): void => void this.#options.engine.request({ kind: 'stopPlay', playId }).catch(() => undefined)
    const aborted = (): void => {
      stop()
      resolve(undefined)
    }
    this.#plays ??= new Map()
    this.#plays.set(playId, resolve)
    how.signal.addEventListener('abort', aborted, { once: true })
    const forget = (): void => {
      this.#plays?.delete(playId)
      how.signal.removeEventListener('abort', aborted)
    }
    ended.finally(forget)
    try {
      await this.#options.engine.request({ kind: 'play', playId, source, to: { legId }, loop: how.loop })
    } catch (error) {
      resolve(undefined)
      throw error
    }
    // The abort came before the engine knew the play.
    if (how.signal.aborted) stop()
    return { ended, stop }
  }

  async #startMusic(): Promise<void> {
    const controller = new AbortController()
    this.#music = controller
    try {
      const source = await this.#options.tune()
      const sounding = await this.#start(source, { loop: true, signal: controller.signal })
      if (controller.signal.aborted) return
      this.#keepUp(sounding, controller)
      await this.#silences.set('music', true)
    } catch (error) {
      if (this.#music === controller) this.#music = undefined
      if (!controller.signal.aborted) throw this.#failure(error)
    }
  }

  /** A leg that moves to another worker loses what is played to it: music begins anew there. */
  #keepUp(sounding: Sounding, controller: AbortController): void {
    sounding.ended
      .then(async (notice) => {
        if (notice === undefined || this.#music !== controller || this.#leg.ended.aborted) return
        this.#music = undefined
        if (notice.reason === 'stopped') await this.#startMusic()
      })
      .catch(() => undefined)
      .then(() => (this.#music === undefined ? this.#silences.set('music', false) : undefined))
      .catch(() => undefined)
  }

  async #send(digits: string, timing: { durationMs: number; intervalMs: number }, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { legId } = this.#leg
    const { engine } = this.#options
    const command = { kind: 'sendDigits', legId, ...timing } as const
    const stop = (): void => void engine.request({ ...command, digits: '' }).catch(() => undefined)
    signal.addEventListener('abort', stop, { once: true })
    try {
      await this.#request({ ...command, digits })
    } finally {
      signal.removeEventListener('abort', stop)
    }
    if (this.#leg.ended.aborted && !signal.aborted) throw over()
  }

  #press(path: KeyPath, { digit, durationMs }: PressedKey): void {
    this.#keys ??= new KeyMerger()
    if (!this.#keys.isNew(path, { digit, durationMs }, this.#options.now())) return
    this.#digits.tell(digit)
  }

  async #request(command: EngineCommand): Promise<void> {
    await this.#options.engine.request(command).catch((error: unknown) => {
      throw this.#failure(error)
    })
  }

  /** Of a call that is over the engine knows nothing any more. */
  #failure(error: unknown): Error {
    return this.#leg.ended.aborted ? over() : classify(error)
  }

  #over(): void {
    this.#music?.abort()
    for (const end of [...(this.#plays?.values() ?? [])]) end(undefined)
    this.#digits.clear()
    this.#talking.clear()
    this.#options.over?.(this.#leg)
  }
}

const over = (): UserError => new UserError('CALL_ALREADY_HANGUP', 'the call is over')
