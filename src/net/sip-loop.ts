// The drive loop of the SIP core: feed one input, drain the outputs, arm one timer. Knows no SIP.
import type { Clock, Timer } from '../base/time.ts'
import type { TransportFlow } from '../sip/flow.ts'
import type { Command, Input, Output, SessionEvent, UserAgentCore } from '../sip/user-agent-io.ts'
import { openSipTransports, type SipTransports, type TransportOptions } from './sip-transports.ts'

export interface SipLoopOptions extends TransportOptions {
  readonly core: UserAgentCore
  readonly clock: Clock
  readonly onEvent: (event: SessionEvent) => void
  /** A stream closed, or nothing can be sent by it. */
  readonly onFlowFailed?: (flow: TransportFlow) => void
  /** How sockets are opened; those of this machine unless given. */
  readonly open?: typeof openSipTransports
}

export interface SipLoop {
  command(command: Command): void
  sessionCount(): number
  /** Reads certificate files that changed. */
  reload(): void
  close(): Promise<void>
}

class Loop implements SipLoop {
  readonly #options: SipLoopOptions
  readonly #queue: Input[] = []
  #transports: SipTransports | undefined
  #running = false
  #timer: { readonly at: number; readonly timer: Timer } | undefined

  constructor(options: SipLoopOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const open = this.#options.open ?? openSipTransports
    this.#transports = await open(this.#options, {
      received: (flow, bytes) => this.#feed({ kind: 'received', flow, bytes }),
      failed: (flow, reason) => {
        this.#feed({ kind: 'flowFailed', flow, reason })
        this.#options.onFlowFailed?.(flow)
      },
    })
  }

  command(command: Command): void {
    this.#feed({ kind: 'command', command })
  }

  sessionCount(): number {
    return this.#options.core.sessionCount
  }

  reload(): void {
    this.#transports?.reload()
  }

  async close(): Promise<void> {
    this.#timer?.timer.cancel()
    this.#timer = undefined
    const transports = this.#transports
    this.#transports = undefined
    await transports?.close()
  }

  /** Inputs that arise while outputs are drained (a listener's command) wait their turn: one mutation, one drain. */
  #feed(input: Input): void {
    this.#queue.push(input)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#options.core.handle(next, this.#options.clock.now())
        for (const output of this.#options.core.drain()) this.#emit(output)
      }
    } finally {
      this.#running = false
      this.#arm()
    }
  }

  #emit(output: Output): void {
    if (output.kind === 'send') {
      this.#transports?.send(output.flow, output.bytes)
    } else if (output.kind === 'event') {
      this.#deliver(output.event)
    } else {
      this.#options.log[output.level](output.fields, output.message)
    }
  }

  /** A listener that throws must not keep the core from its other outputs. */
  #deliver(event: SessionEvent): void {
    try {
      this.#options.onEvent(event)
    } catch (error) {
      this.#options.log.error(
        { err: error, sessionId: event.sessionId, event: event.kind },
        'SIP event listener failed',
      )
    }
  }

  #arm(): void {
    const next = this.#transports === undefined ? undefined : this.#options.core.nextTimeout()
    if (next?.at === this.#timer?.at) return
    this.#timer?.timer.cancel()
    this.#timer = undefined
    if (next === undefined) return
    const wait = Math.max(0, next.at - this.#options.clock.now())
    const timer = this.#options.clock.after(wait, () => {
      this.#timer = undefined
      this.#feed({ kind: 'timeout' })
    })
    this.#timer = { at: next.at, timer }
  }
}

/** Opens the sockets and starts driving. Throws OperationalError when a port is taken. */
export async function openSipLoop(options: SipLoopOptions): Promise<SipLoop> {
  const loop = new Loop(options)
  await loop.open()
  return loop
}
