// block: parks an activeflow without a call until it is stopped.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { defineAction } from '../define-action.ts'
import { wait } from '../wait.ts'

/** How long an activeflow may be parked, ms. Then it ends with an error, so that none is left for ever. */
const patienceMs = 24 * 3_600_000

/** The API has no request that lets it go on. */
export const block = defineAction({
  type: 'block',
  option: Type.Object({}),
  media: false,
  skippedOnCalls: true,
  onError: 'stop',
  run: async ({ clock, signal }) => {
    await wait(clock, patienceMs, signal)
    throw new UserError('LIMIT_REACHED', 'the activeflow was parked for 24 hours; the limit is reached')
  },
})
