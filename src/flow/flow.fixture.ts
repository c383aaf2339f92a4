// For tests: a clock that stands still until told, a call and conferences that record what flows ask of them.
import type { HangupReason } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { type Log, type LogFields, silentLog } from '../base/log.ts'
import type { Clock, Timer } from '../base/time.ts'
import type { StoredEvent } from '../event/ledger.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import type { CallStatus } from '../schema/call.ts'
import { actions } from './actions/index.gen.ts'
import { type Activeflows, createActiveflows, type Started } from './activeflows.ts'
import { FakeAudio, fakePorts } from './flow-ports.fixture.ts'
import { createFlows } from './flows.ts'
import type { FlowCall, FlowConferences } from './ports.ts'
import { createRegistry } from './registry.ts'
import { wait } from './wait.ts'

/** Lets everything run that needs no timer. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export class StandingClock implements Clock {
  /** 2026-03-04 (a Wednesday) 09:30:00 UTC. */
  wall = Date.UTC(2026, 2, 4, 9, 30) * 1000
  #now = 0
  readonly #timers = new Map<object, { readonly at: number; readonly run: () => void }>()

  now(): number {
    return this.#now
  }

  wallMicros(): number {
    return this.wall + this.#now * 1000
  }

  after(ms: number, run: () => void): Timer {
    const key = { cancel: () => void this.#timers.delete(key) }
    this.#timers.set(key, { at: this.#now + ms, run })
    return key
  }

  get pending(): number {
    return this.#timers.size
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
      if (!due) break
      const [key, { at, run }] = due
      this.#timers.delete(key)
      this.#now = Math.max(this.#now, at)
      run()
    }
    this.#now = end
  }
}

const noAddress = { type: 'sip', target: 'a@example.com', target_name: '', name: '', detail: '' } as const

export class RecordingCall implements FlowCall {
  readonly id = newUuid()
  readonly direction = 'incoming'
  readonly source = { ...noAddress, name: 'Ann' }
  readonly destination = { ...noAddress, target: 'b@example.com' }
  readonly masterCallId = nilUuid
  readonly heard: string[] = []
  readonly shownActions: string[] = []
  current: CallStatus = 'ringing'
  failAnswer: Error | undefined
  /** What other calls ended with; '' while they last. */
  otherReason: HangupReason = 'busy'
  readonly customerId: string
  readonly audio: FakeAudio
  readonly #clock: Clock

  constructor(customerId: string, clock: Clock) {
    this.customerId = customerId
    this.#clock = clock
    this.audio = new FakeAudio(this.heard, clock)
  }

  status(): CallStatus {
    return this.current
  }

  async answer(): Promise<void> {
    if (this.failAnswer) throw this.failAnswer
    this.heard.push('answer')
    this.current = 'progressing'
  }

  async hangup(reason: HangupReason): Promise<void> {
    this.heard.push(`hangup ${reason}`)
    this.current = 'hangup'
  }

  async hangupReasonOf(callId: string): Promise<HangupReason> {
    this.heard.push(`reason of ${callId}`)
    return this.otherReason
  }

  async echo(durationMs: number, signal: AbortSignal): Promise<void> {
    this.heard.push(`echo ${durationMs}`)
    await wait(this.#clock, durationMs, signal)
  }

  async beep(signal: AbortSignal): Promise<void> {
    this.heard.push('beep')
    await wait(this.#clock, 200, signal)
  }

  actionChanged(action: { readonly type: string }): void {
    this.shownActions.push(action.type)
  }
}

export class RecordingConferences implements FlowConferences {
  readonly seen: string[] = []
  preFlowId = nilUuid
  postFlowId = nilUuid
  failAdmit: Error | undefined
  readonly conferencecallId = newUuid()
  readonly #stays = new Set<{ readonly leave: () => void }>()

  async admit(request: { conferenceId: string }) {
    if (this.failAdmit) throw this.failAdmit
    this.seen.push(`admit ${request.conferenceId}`)
    const { preFlowId, postFlowId, conferencecallId } = this
    return { preFlowId, postFlowId, confbridgeId: request.conferenceId, conferencecallId }
  }

  stay({ confbridgeId, signal }: { confbridgeId: string; signal: AbortSignal }): Promise<void> {
    this.seen.push(`stay ${confbridgeId}`)
    return new Promise((resolve, reject) => {
      const stay = { leave: resolve }
      this.#stays.add(stay)
      signal.addEventListener('abort', () => {
        this.seen.push('cut short')
        reject(signal.reason)
      })
    })
  }

  kickAll(): void {
    for (const { leave } of this.#stays) leave()
    this.#stays.clear()
  }
}

/** Everything that a flow needs, on a ledger in memory. */
export function createWorld() {
  const clock = new StandingClock()
  const ledger = createMemoryLedger({ clock })
  const ports = fakePorts(clock)
  const registry = createRegistry(actions, ports.adapters)
  const flows = createFlows({ ledger, registry })
  const conferences = new RecordingConferences()
  const warnings: string[] = []
  const note = (fields: LogFields): void => void warnings.push(String(fields['reason']))
  const log: Log = { ...silentLog, warn: note, error: note }
  const activeflows: Activeflows = createActiveflows({ ledger, flows, registry, clock, conferences, log, ...ports })
  const customerId = newUuid()
  const call = new RecordingCall(customerId, clock)
  const events: StoredEvent[] = []
  ledger.subscribe((event) => events.push(event))
  const startOnCall = (list: unknown, variables: Record<string, string> = {}): Promise<Started> =>
    activeflows.start({ customerId, actions: list, call, variables })
  /** Runs a flow on the call to its end. */
  const runOnCall = async (list: unknown) => {
    const { activeflowId, done } = await startOnCall(list)
    await clock.advance(0)
    await done
    return activeflows.get(customerId, activeflowId)
  }
  const world = { clock, ledger, registry, flows, conferences, activeflows, customerId, call, events, warnings }
  return { ...world, ...ports, startOnCall, runOnCall }
}
