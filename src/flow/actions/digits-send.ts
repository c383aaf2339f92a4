// digits_send: presses keys towards the phone.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'
import { keys } from '../option-fields.ts'

export const digitsSend = defineAction({
  type: 'digits_send',
  option: Type.Object({
    digits: keys('up to 100 of 0-9, A-D, # and *'),
    duration: Type.Integer({ minimum: 100, maximum: 1000, default: 100, description: '100-1000 milliseconds a key' }),
    interval: Type.Integer({ minimum: 0, maximum: 5000, default: 0, description: '0-5000 milliseconds between keys' }),
  }),
  media: true,
  onError: 'continue',
  run: async ({ call, signal }, { digits, duration, interval }) => {
    if (digits === '') return next
    await call.audio.sendDigits(digits.toUpperCase(), { durationMs: duration, intervalMs: interval }, signal)
    return next
  },
})
