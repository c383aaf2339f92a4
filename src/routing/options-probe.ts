// OPTIONS as a question with an answer: joins the command that sends it and the event that tells how it ended.

import { newUuid } from '../base/ids.ts'
import type { Signalling } from '../call/ports.ts'
import type { SessionEvent } from '../sip/user-agent-io.ts'
import type { Probe } from './ports.ts'

/** Statuses that say: nobody is there, or whoever is there takes no calls (RFC 3261 §21.4.9, §21.5.4). */
const absent = new Set([0, 408, 503])

export interface OptionsProbe {
  readonly probe: Probe
  /** Takes the event that ends an OPTIONS; others are ignored. */
  onSession(event: SessionEvent): void
  /** Questions without an answer. */
  readonly pending: number
}

export function createOptionsProbe(signalling: Signalling): OptionsProbe {
  const waiting = new Map<string, (status: number) => void>()
  return {
    probe: ({ requestUri, destination }) =>
      new Promise((resolve) => {
        const requestId = newUuid()
        waiting.set(requestId, (status) => resolve(!absent.has(status)))
        signalling.command({ kind: 'options', requestId, requestUri, destination })
      }),
    onSession(event) {
      if (event.kind !== 'optionsEnded') return
      const answer = waiting.get(event.requestId)
      waiting.delete(event.requestId)
      answer?.(event.status)
    },
    get pending() {
      return waiting.size
    },
  }
}
