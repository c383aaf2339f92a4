// Action ids with a meaning of their own; no action may carry one.

/** As a `next_id` or target: the flow ends. */
export const finishId = '00000000-0000-0000-0000-000000000002'

/** As a `next_id` or target: the following action. */
export const nextId = '00000000-0000-0000-0000-000000000003'

export const startId = '00000000-0000-0000-0000-000000000001'

export const reservedIds: ReadonlySet<string> = new Set([startId, finishId, nextId])
