// Something that rings for one answer: a call, or a groupcall of several.
import type { HangupReason } from '../base/errors.ts'
import type { Header } from '../sip/message.ts'
import type { LiveCall } from './live-call.ts'

export interface RingingObserver {
  /** A phone answered. A groupcall tells of its first answer only. */
  answered(call: LiveCall): void
  /** Nothing of it rings or speaks any more. `last`: the call that ended last, if there was any. */
  ended(last: LiveCall | undefined): void
  /** A phone rings. */
  alerting?(call: LiveCall): void
  /** A phone sends sound before it answers. */
  early?(call: LiveCall): void
}

/** Its steps in their order; several are taken through each step together, so that all are refused before the first rings. */
export interface Ringing {
  readonly kind: 'call' | 'groupcall'
  readonly id: string
  /** Takes what it needs: a place within the limits, ports. Throws when there is none. */
  reserve(): Promise<void>
  /** Stores it, with its activeflow. */
  store(): Promise<void>
  ring(): void
  /** At any time; what was not stored yet is hung up as soon as it is. */
  hangup(reason: HangupReason, headers?: readonly Header[]): Promise<void>
  /** Undoes `reserve`; ends what was stored. */
  discard(): Promise<void>
  watch(observer: RingingObserver): void
}

/** What a phone is told that stops ringing because another one answered (RFC 3326): it shows no missed call. */
export const completedElsewhere: readonly Header[] = [
  { name: 'Reason', value: 'SIP;cause=200;text="Call completed elsewhere"' },
]

/** Takes them through their steps; when one fails before anything rings, none does and the error is thrown. */
export async function ringAll(ringings: readonly Ringing[]): Promise<void> {
  await stored(ringings)
  for (const ringing of ringings) ringing.ring()
}

/** All steps but `ring`. */
export async function stored(ringings: readonly Ringing[]): Promise<void> {
  for (const step of ['reserve', 'store'] as const) {
    const taken = await Promise.allSettled(ringings.map((ringing) => ringing[step]()))
    const failed = taken.find((result) => result.status === 'rejected')
    if (failed === undefined) continue
    await Promise.all(ringings.map((ringing) => ringing.discard()))
    throw failed.reason
  }
}
