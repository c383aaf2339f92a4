// echo: sends the caller's audio back.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'
import { milliseconds } from '../option-fields.ts'

export const echo = defineAction({
  type: 'echo',
  option: Type.Object({ duration: milliseconds('milliseconds of echo, e.g. 180000', 180_000) }),
  media: true,
  onError: 'continue',
  run: async ({ call, signal }, { duration }) => {
    await call.echo(duration, signal)
    return next
  },
})
