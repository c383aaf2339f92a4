// What an engine is playing, to whom it is played, and how it ended.
import { OperationalError, UserError } from '../../base/errors.ts'
import type { MixMember, MixRate } from '../mix-member.ts'
import type { FromFileThread } from '../recording/file-message.ts'
import type { FileThread } from '../recording/file-thread.ts'
import { createRingMemory, type RingMemory, SampleRing } from '../recording/sample-ring.ts'
import type { PlaySource } from './byte-source.ts'
import type { PlayFailureReason } from './play-failure.ts'
import { Player } from './player.ts'

/** 16-bit words of a ring; half a second at 48 kHz takes 24,100. */
const ringWords = 32_768

export interface PlayRequest {
  readonly playId: string
  readonly source: PlaySource
  /** Again and again until it is stopped. */
  readonly loop?: boolean | undefined
  /** Decibels by which it is made louder. */
  readonly gainDb?: number | undefined
}

/** A mix, or a leg: whoever hears the player. */
export interface Audience {
  readonly rate: MixRate
  add(member: MixMember): void
  remove(member: MixMember): void
}

export type PlayEndReason = 'finished' | 'stopped' | PlayFailureReason

export interface PlayNotice {
  readonly kind: 'playEnded'
  readonly playId: string
  readonly reason: PlayEndReason
  /** Of a failure; empty otherwise. */
  readonly message: string
  /** Of the audio that was heard. */
  readonly playedMs: number
  /** Times it stalled in the middle because the source was slow. */
  readonly stalls: number
}

export interface PlayersSettings {
  readonly thread: FileThread
  readonly notify: (notice: PlayNotice) => void
}

interface Open {
  readonly audience: Audience
  readonly player: Player
  readonly started: { readonly resolve: () => void; readonly reject: (error: Error) => void }
  failure: { readonly reason: PlayFailureReason; readonly message: string } | undefined
  sounding: boolean
}

export class Players {
  readonly #settings: PlayersSettings
  readonly #open = new Map<string, Open>()

  constructor(settings: PlayersSettings) {
    this.#settings = settings
    settings.thread.listen({ receive: (message) => this.#receive(message), died: (reason) => this.#died(reason) })
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * Resolves when the first samples are ready and the audience has the player; `playEnded` is sent once for every play that got so far.
   * Throws UserError ALREADY_EXISTS, or INVALID_ARGUMENT when the source cannot be played, with the reason in `details`.
   */
  async start(request: PlayRequest, audience: Audience): Promise<void> {
    const { playId, source, loop = false, gainDb = 0 } = request
    if (this.#open.has(playId)) throw new UserError('ALREADY_EXISTS', `Play ${playId} is running.`)
    const memory: RingMemory = createRingMemory(ringWords)
    const { rate } = audience
    this.#settings.thread.post({ kind: 'play', playId, source, rate, loop, gainDb, memory })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const player = new Player({ ring: new SampleRing(memory), rate, ended: () => this.#playedOut(playId) })
    this.#open.set(playId, { audience, player, started: { resolve, reject }, failure: undefined, sounding: false })
    await promise
  }

  /** Silence from the next tick on; what is left goes on when it is resumed. Throws UserError RESOURCE_NOT_FOUND. */
  pause(playId: string, paused: boolean): void {
    this.#find(playId).player.paused = paused
  }

  /** Silence from the next tick on, and `playEnded` with the reason `stopped`. Throws UserError RESOURCE_NOT_FOUND. */
  stop(playId: string): void {
    this.#find(playId)
    this.#end(playId, { reason: 'stopped', message: '' })
    this.#settings.thread.post({ kind: 'stopPlay', playId })
  }

  /** The audience is no more: what was played to it ends. */
  audienceLeft(audience: Audience): void {
    for (const [playId, open] of [...this.#open]) if (open.audience === audience) this.stop(playId)
  }

  /** Stops everything. */
  close(): void {
    for (const playId of [...this.#open.keys()]) this.stop(playId)
  }

  #find(playId: string): Open {
    const open = this.#open.get(playId)
    if (!open) throw new UserError('RESOURCE_NOT_FOUND', `Nothing is played as ${playId}.`)
    return open
  }

  #receive(message: FromFileThread): void {
    if (!('playId' in message)) return
    const open = this.#open.get(message.playId)
    if (!open) return
    if (message.kind === 'playing') {
      open.sounding = true
      open.audience.add(open.player)
      open.started.resolve()
      return
    }
    if (message.kind !== 'played') return
    open.failure = message.failure
    if (open.sounding) open.player.sourceDone()
    else this.#end(message.playId, message.failure ?? { reason: 'damaged', message: 'It holds no audio.' })
  }

  /** Called by the player within a tick, from inside the mix that is not to be changed now. */
  #playedOut(playId: string): void {
    queueMicrotask(() => {
      const failure = this.#open.get(playId)?.failure
      this.#end(playId, failure ?? { reason: 'finished', message: '' })
    })
  }

  #died(reason: string): void {
    for (const playId of [...this.#open.keys()])
      this.#end(playId, { reason: 'engine_failed', message: `The file thread died: ${reason}` })
  }

  #end(playId: string, how: { readonly reason: PlayEndReason; readonly message: string }): void {
    const open = this.#open.get(playId)
    if (!open) return
    this.#open.delete(playId)
    const { audience, player, started, sounding } = open
    if (!sounding) {
      started.reject(notStarted(how.reason, how.message))
      return
    }
    audience.remove(player)
    const { playedMs, underruns } = player
    this.#settings.notify({ kind: 'playEnded', playId, ...how, playedMs, stalls: underruns })
  }
}

function notStarted(reason: PlayEndReason, message: string): Error {
  if (reason === 'engine_failed') return new OperationalError(message, { retryable: true })
  const text = reason === 'stopped' ? 'It was stopped before it began.' : message
  return new UserError('INVALID_ARGUMENT', text, { details: [{ reason }] })
}
