// digits_receive: collects keys of the phone into voipbin.call.digits.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'
import { keys, milliseconds } from '../option-fields.ts'

/** The key that ends the input is part of the value. Time that runs out keeps what came. */
export const digitsReceive = defineAction({
  type: 'digits_receive',
  option: Type.Object({
    duration: milliseconds('milliseconds to wait at most, 0 for no limit'),
    length: Type.Integer({
      minimum: 0,
      maximum: 100,
      default: 1,
      description: 'how many keys the value may have, 1-100; 0 for any number',
    }),
    key: keys('keys that end the input, e.g. "#"'),
  }),
  media: true,
  onError: 'continue',
  run: async ({ call, digits, clock, signal }, { duration, length, key }) => {
    await call.answer()
    const timeUp = new AbortController()
    const timer = duration > 0 ? clock.after(duration, () => timeUp.abort()) : undefined
    try {
      await digits.receive({ length, endKeys: key.toUpperCase() }, AbortSignal.any([signal, timeUp.signal]))
    } finally {
      timer?.cancel()
    }
    return next
  },
})
