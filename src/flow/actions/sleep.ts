// sleep: waits. Needs no media, so it also runs in activeflows without a call.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'
import { milliseconds } from '../option-fields.ts'
import { wait } from '../wait.ts'

export const sleep = defineAction({
  type: 'sleep',
  option: Type.Object({ duration: milliseconds('milliseconds to wait, e.g. 1000') }),
  media: false,
  onError: 'continue',
  run: async ({ clock, signal }, { duration }) => {
    await wait(clock, duration, signal)
    return next
  },
})
