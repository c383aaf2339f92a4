// One `connect`: the caller hears ringing while its destinations ring, the first answer is bridged with it, and it goes on when they part.
import { nilUuid } from '../base/ids.ts'
import type { Clock } from '../base/time.ts'
import type { ConnectOutcome } from '../flow/ports.ts'
import type { MediaEngine } from '../media/engine.ts'
import type { Bridges } from './bridges.ts'
import type { LiveCall } from './live-call.ts'
import { ringback } from './ringback.ts'
import { completedElsewhere, type Ringing, ringAll } from './ringing.ts'

export interface ConnectionParts {
  readonly owner: LiveCall
  readonly ringing: Ringing
  /** The mix that the two will be in. */
  readonly mixId: string
  readonly earlyMedia: boolean
  readonly signal: AbortSignal
  readonly bridges: Bridges
  readonly engine: MediaEngine
  readonly clock: Clock
}

/** What came of the ringing. */
type Result = { readonly winner: LiveCall } | { readonly last: LiveCall | undefined }

/** Resolves when they have parted, or nobody answered. Throws UserError or OperationalError when nothing could ring. */
export async function runConnection(parts: ConnectionParts): Promise<ConnectOutcome> {
  const { owner, ringing, signal } = parts
  const result = Promise.withResolvers<Result>()
  const early = new EarlySound(parts)
  ringing.watch({
    answered: (winner) => result.resolve({ winner }),
    ended: (last) => result.resolve({ last }),
    early: (call) => early.pass(call),
  })
  const giveUp = (): void => {
    void ringing.hangup('normal')
    result.resolve({ last: undefined })
  }
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await ringAll([ringing])
    if (signal.aborted) giveUp()
    early.ring()
    const found = await result.promise
    await early.stop()
    if (!('winner' in found)) {
      early.leave()
      return outcomeOf(found.last, false)
    }
    if (await answers(owner)) {
      // From here on a transfer may part the winner from its caller: it ends with the bridge, no more with the ringing.
      signal.removeEventListener('abort', giveUp)
      return await bridge(parts, found.winner)
    }
    void ringing.hangup('normal', completedElsewhere)
    return outcomeOf(found.winner, false)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

const answers = (owner: LiveCall): Promise<boolean> =>
  owner.answer().then(
    () => true,
    () => false,
  )

async function bridge({ owner, mixId, bridges, signal }: ConnectionParts, winner: LiveCall): Promise<ConnectOutcome> {
  if (signal.aborted || owner.ended.aborted || winner.ended.aborted) {
    await winner.hangup('normal')
    return outcomeOf(winner, true)
  }
  const part = (): void => bridges.part(owner)
  signal.addEventListener('abort', part, { once: true })
  const joined = bridges.join(mixId, [owner, winner])
  const ownerLeft = bridges.left(owner)
  hangUpWhenLeft(bridges, winner)
  await joined
  const partner = await ownerLeft
  signal.removeEventListener('abort', part)
  return outcomeOf(partner ?? winner, true)
}

/** A call that has no flow of its own ends when it speaks with nobody any more. */
export function hangUpWhenLeft(bridges: Bridges, call: LiveCall): void {
  void bridges.left(call).then(() => call.hangup('normal'))
}

const outcomeOf = (call: LiveCall | undefined, answered: boolean): ConnectOutcome => ({
  callId: call?.id ?? nilUuid,
  answered,
  hangupReason: call === undefined ? 'noanswer' : call.row.hangup_reason,
})

/** What the caller hears before the answer: the sound that a far end sends, when it is asked for; otherwise the ringing tone. */
class EarlySound {
  readonly #parts: ConnectionParts
  #stopTone: (() => Promise<void>) | undefined
  #passing = false
  #over = false

  constructor(parts: ConnectionParts) {
    this.#parts = parts
  }

  /** A caller that was not answered hears its own phone ring since the 180. */
  ring(): void {
    const { owner, engine, clock } = this.#parts
    if (!this.#over && !this.#passing && owner.status() === 'progressing')
      this.#stopTone = ringback(owner, engine, clock)
  }

  /** The first far end that sends sound is heard. */
  pass(call: LiveCall): void {
    if (!this.#parts.earlyMedia || this.#passing || this.#over) return
    this.#passing = true
    // Failing to hear the far end early is no reason to end a call: it goes on to ring.
    this.#join(call).catch(() => {
      this.#passing = false
    })
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#stopTone?.()
  }

  /** Nobody answered: the caller hears no more of what was passed. */
  leave(): void {
    const { owner, engine } = this.#parts
    if (!this.#passing || owner.ended.aborted) return
    // A leg that is gone has left.
    engine.request({ kind: 'leave', legId: owner.legId }).catch(() => undefined)
  }

  async #join(call: LiveCall): Promise<void> {
    const { owner, engine, mixId } = this.#parts
    const audible = owner.status() === 'progressing' || (await owner.answerEarly())
    if (!audible || this.#over || call.ended.aborted || owner.ended.aborted) return
    await this.#stopTone?.()
    for (const { legId } of [owner, call]) await engine.request({ kind: 'join', legId, mixId })
  }
}
