// One call that rings: from its row to its INVITE, with the flow that waits for its answer.

import type { HangupReason } from '../base/errors.ts'
import { nilUuid } from '../base/ids.ts'
import type { CallRow } from '../schema/rows.ts'
import type { Header } from '../sip/message.ts'
import type { CallRegistry } from './call-registry.ts'
import type { LiveCall } from './live-call.ts'
import type { Invitation } from './outbound-line.ts'
import type { CallFlows } from './ports.ts'
import type { Ringing, RingingObserver } from './ringing.ts'

export interface RingingCallParts {
  readonly row: CallRow
  readonly invitation: Invitation
  /** Seeds of its flow. */
  readonly variables: Readonly<Record<string, string>>
  /** The mix that it is bound for, if that is known. */
  readonly near: string | undefined
  readonly registry: CallRegistry
  readonly flows: CallFlows
  /** Told once the call is stored, before it rings. */
  readonly born: (call: LiveCall) => void
}

export class RingingCall implements Ringing {
  readonly kind = 'call'
  readonly #parts: RingingCallParts
  #call: LiveCall | undefined
  #stored = false
  #hangup: { readonly reason: HangupReason; readonly headers: readonly Header[] | undefined } | undefined
  #observer: RingingObserver | undefined

  constructor(parts: RingingCallParts) {
    this.#parts = parts
  }

  get id(): string {
    return this.#parts.row.id
  }

  get call(): LiveCall | undefined {
    return this.#call
  }

  async reserve(): Promise<void> {
    const { registry, row, invitation, near } = this.#parts
    const call = registry.adopt({ row, outgoing: invitation })
    this.#call = call
    await call.media.open(near)
  }

  async store(): Promise<void> {
    const call = this.#call
    if (call === undefined) return
    await call.record.insert()
    this.#stored = true
    call.onMoment((moment) => {
      if (moment === 'answered') this.#observer?.answered(call)
      if (moment === 'alerting') this.#observer?.alerting?.(call)
      if (moment === 'earlyMedia') this.#observer?.early?.(call)
    })
    const ended = (): void => this.#observer?.ended(call)
    // The account may have been closed, or the server be stopping, while it was made ready.
    if (call.ended.aborted) return ended()
    call.ended.addEventListener('abort', ended, { once: true })
    this.#parts.born(call)
    await this.#startFlow(call)
    if (this.#hangup !== undefined) await call.hangup(this.#hangup.reason, this.#hangup.headers)
  }

  ring(): void {
    this.#call?.ring()
  }

  async hangup(reason: HangupReason, headers?: readonly Header[]): Promise<void> {
    this.#hangup = { reason, headers }
    if (this.#stored) await this.#call?.hangup(reason, headers)
  }

  async discard(): Promise<void> {
    if (this.#stored) await this.#call?.hangup('failed')
    else await this.#call?.discard()
  }

  watch(observer: RingingObserver): void {
    this.#observer = observer
  }

  /** The activeflow is there from the start; its first action waits for the answer, or for ringing when it begins early. */
  async #startFlow(call: LiveCall): Promise<void> {
    const { flows, variables, invitation } = this.#parts
    const { activeflow_id: activeflowId, flow_id: flowId } = call.row
    if (flowId === nilUuid || call.ended.aborted) return
    const ready = invitation.early ? alerted(call) : call.answer()
    await flows.start({ activeflowId, flowId, call, variables, ready })
  }
}

/** Resolves when the phone rings or was answered; rejects when the call is over before. */
function alerted(call: LiveCall): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = call.onMoment(() => {
    stop()
    resolve()
  })
  call.ended.addEventListener('abort', () => reject(new Error('the call ended before it rang')), { once: true })
  promise.catch(() => undefined)
  return promise
}
