// How many calls a customer may make: what keeps a stolen password or a looping flow from running up a bill. Calls that come in cost nothing
// and are not counted.
import { UserError } from '../base/errors.ts'
import type { Clock } from '../base/time.ts'
import type { CallLimits } from '../call/ports.ts'

/** 0 switches a limit off. */
export interface CallLimitSettings {
  /** Outgoing calls at once (PARTYLINE_MAX_CALLS). */
  readonly maxCalls: number
  /** Outgoing calls begun a second, and as many in one burst (PARTYLINE_CALLS_PER_SECOND). */
  readonly callsPerSecond: number
}

interface Account {
  calls: number
  tokens: number
  /** Monotonic milliseconds of the last refill. */
  at: number
}

export function createCallLimits(settings: CallLimitSettings, clock: Pick<Clock, 'now'>): CallLimits {
  const { maxCalls, callsPerSecond } = settings
  const accounts = new Map<string, Account>()
  const refilled = (account: Account): Account => {
    const now = clock.now()
    account.tokens = Math.min(callsPerSecond, account.tokens + ((now - account.at) / 1000) * callsPerSecond)
    account.at = now
    return account
  }
  return {
    enter(customerId, direction) {
      if (direction === 'incoming') return
      const account = refilled(accounts.get(customerId) ?? { calls: 0, tokens: callsPerSecond, at: clock.now() })
      if (maxCalls > 0 && account.calls >= maxCalls) {
        throw limitReached(
          `there are ${account.calls} calls at once, the most that PARTYLINE_MAX_CALLS allows; wait until some are over`,
          { limit: 'PARTYLINE_MAX_CALLS', value: maxCalls },
        )
      }
      if (callsPerSecond > 0 && account.tokens < 1) {
        throw limitReached(
          `calls begin faster than PARTYLINE_CALLS_PER_SECOND (${callsPerSecond}) allows; try again in a second`,
          { limit: 'PARTYLINE_CALLS_PER_SECOND', value: callsPerSecond },
        )
      }
      if (callsPerSecond > 0) account.tokens -= 1
      account.calls += 1
      accounts.set(customerId, account)
    },
    leave(customerId, direction) {
      const account = accounts.get(customerId)
      if (account === undefined || direction === 'incoming') return
      account.calls = Math.max(0, account.calls - 1)
      // A customer without calls whose bucket is full again is like one never seen.
      if (account.calls === 0 && refilled(account).tokens >= callsPerSecond) accounts.delete(customerId)
    },
  }
}

const limitReached = (message: string, detail: Readonly<Record<string, unknown>>): UserError =>
  new UserError('LIMIT_REACHED', message, { details: [detail] })
