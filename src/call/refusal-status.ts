// The final response that refuses a call we never answered, by the API's hang-up reason.
import type { HangupReason } from '../base/errors.ts'

const statuses: Partial<Record<HangupReason, number>> = { busy: 486, failed: 500, cancel: 603 }

/** 480 Temporarily Unavailable unless the reason says more. */
export const refusalStatus = (reason: HangupReason): number => statuses[reason] ?? 480
