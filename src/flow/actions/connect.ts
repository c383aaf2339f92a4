// connect: dials others and bridges the first who answers with this call, until one of them leaves.
import Type from 'typebox'
import { nilUuid } from '../../base/ids.ts'
import { defineAction, next, push } from '../define-action.ts'
import { destinationsOf, sourceOf } from '../dialled-address.ts'
import { address, addresses, flag, word } from '../option-fields.ts'

/** With `relay_reason` and a single destination this call then ends for the same reason as the other. */
export const connect = defineAction({
  type: 'connect',
  option: Type.Object({
    source: address('the address that the new calls come from'),
    destinations: addresses('a list of addresses to dial'),
    early_media: flag('true to pass early media'),
    relay_reason: flag('true to end with the far reason'),
    anonymous: word(['', 'yes', 'no', 'auto'], 'whether to hide the source'),
  }),
  media: true,
  onError: 'stop',
  run: async ({ call, dialling, activeflowId, variables, signal }, option) => {
    const destinations = destinationsOf(option.destinations)
    const outcome = await dialling.connect({
      call,
      activeflowId,
      source: sourceOf(option.source, call),
      destinations,
      earlyMedia: option.early_media,
      anonymous: option.anonymous,
      variables: variables.toObject(),
      signal,
    })
    if (!option.relay_reason || destinations.length > 1 || outcome.callId === nilUuid) return next
    const { callId, hangupReason } = outcome
    // With the reason at hand, too: that the other call is over may not be stored yet.
    return push([{ type: 'hangup', option: { reason: hangupReason, reference_id: callId } }])
  },
})
