// Bridges: two calls in a mix of their own. Knows who speaks with whom, keeps a place free while a transfer is under way, and parts
// those who are left when the other one went.
import { newUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { MediaEngine } from '../media/engine.ts'
import type { LiveCall } from './live-call.ts'

/** One call's place in a bridge. It moves with the call when that is transferred. */
interface Seat {
  readonly call: LiveCall
  bridge: Bridge | undefined
  partner: LiveCall | undefined
  readonly left: PromiseWithResolvers<void>
}

interface Bridge {
  readonly mixId: string
  readonly seats: Set<Seat>
  /** Places that are kept for calls yet to be answered. */
  kept: number
}

/** The place of a call that is being transferred away; it lasts when that call goes. */
export interface KeptPlace {
  /** Who stays. */
  readonly partner: LiveCall
  /** The new call takes the place; false when the partner has gone, or another call took it. */
  fill(call: LiveCall): Promise<boolean>
  /** The transfer failed: a partner who is left alone is parted. Repeating it is harmless. */
  release(): void
}

export const newBridgeId = (): string => `connect:${newUuid()}`

export class Bridges {
  readonly #engine: MediaEngine
  readonly #log: Log
  readonly #seats = new Map<string, Seat>()

  constructor(engine: MediaEngine, log: Log) {
    this.#engine = engine
    this.#log = log
  }

  /** Puts both into a mix; resolves when they hear one another. One that ended meanwhile parts them at once. */
  async join(mixId: string, calls: readonly [LiveCall, LiveCall]): Promise<void> {
    const bridge: Bridge = { mixId, seats: new Set(), kept: 0 }
    const seats = calls.map((call) => this.#seat(call, bridge))
    for (const seat of seats) this.#meet(seat)
    await Promise.all(seats.map((seat) => this.#enter(seat)))
  }

  /** Whom a call speaks with; undefined when it is in no bridge, or alone. */
  partnerOf(call: LiveCall): LiveCall | undefined {
    const seat = this.#seats.get(call.id)
    return seat?.bridge === undefined ? undefined : other(seat)?.call
  }

  /** Resolves when the call is in no bridge any more, with whom it spoke last. */
  async left(call: LiveCall): Promise<LiveCall | undefined> {
    const seat = this.#seats.get(call.id)
    await seat?.left.promise
    return seat?.partner
  }

  /** Takes a call out; the one who is left alone is parted too. */
  part(call: LiveCall): void {
    const seat = this.#seats.get(call.id)
    if (seat !== undefined) this.#rise(seat)
  }

  /** Keeps the place of a call that asks to be replaced; undefined when it speaks with nobody. */
  keep(call: LiveCall): KeptPlace | undefined {
    const seat = this.#seats.get(call.id)
    const bridge = seat?.bridge
    const partner = seat === undefined ? undefined : other(seat)?.call
    if (bridge === undefined || partner === undefined) return undefined
    bridge.kept += 1
    let open = true
    const release = (): void => {
      if (!open) return
      open = false
      bridge.kept -= 1
      this.#partTheLast(bridge)
    }
    const fill = async (next: LiveCall): Promise<boolean> => {
      // Of several transfers of one call the first to be answered takes the place.
      const taken = [...bridge.seats].some((each) => each !== seat && each.call !== partner)
      if (!open || taken || this.#seats.get(partner.id)?.bridge !== bridge || next.ended.aborted) {
        release()
        return false
      }
      const moved = this.#moved(next, bridge)
      // Whoever gave the place up goes before the place is given free, so that the partner is not parted.
      if (seat !== undefined && seat.bridge === bridge) this.#rise(seat)
      this.#meet(moved)
      release()
      await this.#enter(moved)
      return true
    }
    return { partner, fill, release }
  }

  /** The call leaves its bridge for another procedure, and `left` resolves when that is over. */
  async divert(call: LiveCall, procedure: () => Promise<void>): Promise<void> {
    const seat = this.#seats.get(call.id)
    const bridge = seat?.bridge
    if (seat === undefined || bridge === undefined) return procedure()
    bridge.seats.delete(seat)
    seat.bridge = undefined
    this.#leaveMix(call)
    this.#partTheLast(bridge)
    try {
      await procedure()
    } finally {
      this.#rise(seat)
    }
  }

  /** The seat of a call, in this bridge from now on: a new one, or the one that it has elsewhere. */
  #moved(call: LiveCall, bridge: Bridge): Seat {
    const seat = this.#seats.get(call.id)
    if (seat === undefined) return this.#seat(call, bridge)
    const before = seat.bridge
    before?.seats.delete(seat)
    seat.bridge = bridge
    bridge.seats.add(seat)
    if (before !== undefined) this.#partTheLast(before)
    return seat
  }

  #seat(call: LiveCall, bridge: Bridge): Seat {
    const seat: Seat = { call, bridge, partner: undefined, left: Promise.withResolvers() }
    bridge.seats.add(seat)
    this.#seats.set(call.id, seat)
    const ended = (): void => this.#rise(seat)
    if (call.ended.aborted) queueMicrotask(ended)
    else call.ended.addEventListener('abort', ended, { once: true })
    return seat
  }

  #meet(seat: Seat): void {
    const partner = other(seat)
    if (partner === undefined) return
    seat.partner = partner.call
    partner.partner = seat.call
  }

  async #enter({ call, bridge }: Seat): Promise<void> {
    if (bridge === undefined || call.ended.aborted) return
    try {
      await this.#engine.request({ kind: 'join', legId: call.legId, mixId: bridge.mixId })
    } catch (error) {
      if (call.ended.aborted) return
      this.#log.warn({ call_id: call.id, err: error }, 'call could not be bridged')
      this.part(call)
    }
  }

  #rise(seat: Seat): void {
    const { bridge, call } = seat
    if (this.#seats.get(call.id) === seat) this.#seats.delete(call.id)
    seat.bridge = undefined
    if (bridge?.seats.delete(seat) === true) this.#leaveMix(call)
    seat.left.resolve()
    if (bridge !== undefined) this.#partTheLast(bridge)
  }

  #partTheLast(bridge: Bridge): void {
    const [last, second] = bridge.seats
    if (last !== undefined && second === undefined && bridge.kept === 0) this.#rise(last)
  }

  #leaveMix(call: LiveCall): void {
    if (call.ended.aborted) return
    this.#engine.request({ kind: 'leave', legId: call.legId }).catch((error: unknown) => {
      if (!call.ended.aborted) this.#log.warn({ call_id: call.id, err: error }, 'call could not leave its bridge')
    })
  }
}

function other(seat: Seat): Seat | undefined {
  for (const candidate of seat.bridge?.seats ?? []) if (candidate !== seat) return candidate
  return undefined
}
