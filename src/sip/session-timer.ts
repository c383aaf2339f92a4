// Session timers (RFC 4028): who refreshes, how often, and when a session whose refreshes stopped is given up. Times in seconds, as on
// the wire; deadlines in ms.
import { parseDecimal, parseParameters } from './grammar.ts'
import { type Header, header, headers, type SipMessage, type SipRequest, type SipResponse } from './message.ts'
import type { Deadline, TimerQueue } from './timers.ts'

export interface TimerLimits {
  /** What we ask for. */
  readonly sessionExpires: number
  /** The least that we accept. */
  readonly minSessionExpires: number
}

/** Least value that anybody may ask for (§4). */
export const absoluteMinimum = 90

export interface SessionInterval {
  readonly seconds: number
  readonly refresher: 'local' | 'remote'
}

/** Whether an option tag is in Supported or Require. */
export const supports = (message: SipMessage, option: string): boolean =>
  optionTags(message, 'Supported').includes(option) || optionTags(message, 'Require').includes(option)

export const optionTags = (message: SipMessage, name: string): string[] =>
  headers(message, name).flatMap((value) =>
    value
      .split(',')
      .map((tag) => tag.trim().toLowerCase())
      .filter((tag) => tag !== ''),
  )

const longest = 2 ** 31 - 1

export function sessionExpiresOf(message: SipMessage): { seconds: number; refresher?: 'uac' | 'uas' } | undefined {
  const [text, ...rest] = (header(message, 'Session-Expires') ?? '').split(';')
  const seconds = parseDecimal(text?.trim() ?? '', longest)
  if (seconds === undefined) return undefined
  const refresher = parseParameters(rest.length === 0 ? '' : `;${rest.join(';')}`)
    ?.get('refresher')
    ?.toLowerCase()
  return { seconds, ...((refresher === 'uac' || refresher === 'uas') && { refresher }) }
}

export const minSeOf = (message: SipMessage): number | undefined =>
  parseDecimal((header(message, 'Min-SE') ?? '').split(';')[0]?.trim() ?? '', longest)

/** Headers of an INVITE or UPDATE of ours. `running` is the interval in force, whose refresher stays. */
export function requestTimerHeaders(limits: TimerLimits, running?: SessionInterval, minSe = absoluteMinimum): Header[] {
  const seconds = Math.max(running?.seconds ?? limits.sessionExpires, minSe)
  const refresher = running === undefined ? '' : `;refresher=${running.refresher === 'local' ? 'uac' : 'uas'}`
  const least = Math.max(minSe, limits.minSessionExpires)
  return [
    { name: 'Session-Expires', value: `${Math.max(seconds, least)}${refresher}` },
    { name: 'Min-SE', value: String(least) },
  ]
}

/** §10: the interval that a 2xx to our request sets; undefined when the far end wants none. */
export function intervalOfResponse(response: SipResponse): SessionInterval | undefined {
  const expires = sessionExpiresOf(response)
  if (expires === undefined || expires.seconds < 1) return undefined
  return { seconds: expires.seconds, refresher: expires.refresher === 'uas' ? 'remote' : 'local' }
}

/** §9: true when the request asks for less than we accept and understands 422. */
export function isIntervalTooSmall(request: SipRequest, limits: TimerLimits): boolean {
  const expires = sessionExpiresOf(request)
  return expires !== undefined && expires.seconds < limits.minSessionExpires && supports(request, 'timer')
}

/** §9, table 2: the interval that our 2xx sets, and its headers. */
export function answerInterval(
  request: SipRequest,
  limits: TimerLimits,
): { interval: SessionInterval; headers: Header[] } {
  const asked = sessionExpiresOf(request)
  const least = Math.max(minSeOf(request) ?? 0, limits.minSessionExpires)
  const seconds = Math.max(Math.min(asked?.seconds ?? limits.sessionExpires, limits.sessionExpires), least)
  const able = supports(request, 'timer')
  const refresher = able ? (asked?.refresher ?? 'uac') : 'uas'
  return {
    interval: { seconds, refresher: refresher === 'uas' ? 'local' : 'remote' },
    headers: [
      { name: 'Session-Expires', value: `${seconds};refresher=${refresher}` },
      ...(refresher === 'uac' ? [{ name: 'Require', value: 'timer' }] : []),
    ],
  }
}

export interface SessionTimerActions {
  /** Half the interval is over, and it is on us. */
  refresh(): void
  /** Nobody refreshed: the session is to be ended. */
  expire(): void
}

export class SessionTimer {
  readonly #timers: TimerQueue
  readonly #actions: SessionTimerActions
  #interval: SessionInterval | undefined
  #refresh: Deadline | undefined
  #expire: Deadline | undefined

  constructor(timers: TimerQueue, actions: SessionTimerActions) {
    this.#timers = timers
    this.#actions = actions
  }

  get interval(): SessionInterval | undefined {
    return this.#interval
  }

  /** Starts anew with each refresh. Undefined switches session timers off. */
  set(interval: SessionInterval | undefined): void {
    this.stop()
    this.#interval = interval
    if (interval === undefined) return
    const ms = interval.seconds * 1000
    if (interval.refresher === 'local')
      this.#refresh = this.#timers.after(ms / 2, 'session refresh', () => this.#actions.refresh())
    // §10: BYE somewhat before the end, by 32 s or a third.
    this.#expire = this.#timers.after(ms - Math.min(32_000, ms / 3), 'session expiry', () => this.#actions.expire())
  }

  /** Tries the refresh once more, `ms` from now; the expiry stays. */
  refreshLater(ms: number): void {
    this.#timers.cancel(this.#refresh)
    this.#refresh = this.#timers.after(ms, 'session refresh', () => this.#actions.refresh())
  }

  stop(): void {
    this.#timers.cancel(this.#refresh)
    this.#timers.cancel(this.#expire)
  }
}
