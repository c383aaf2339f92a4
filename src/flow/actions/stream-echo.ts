// stream_echo: sends the caller's audio back, and the keys too.
import Type from 'typebox'
import { defineAction, next } from '../define-action.ts'
import { milliseconds } from '../option-fields.ts'

/** Of a key that is sent back; RFC 4733 §2.5.2 leaves it to the sender. */
const timing = { durationMs: 100, intervalMs: 50 }

export const streamEcho = defineAction({
  type: 'stream_echo',
  option: Type.Object({ duration: milliseconds('milliseconds of echo, e.g. 180000', 180_000) }),
  media: true,
  onError: 'continue',
  run: async ({ call, signal, warn }, { duration }) => {
    let sent: Promise<unknown> = Promise.resolve()
    const over = new AbortController()
    const until = AbortSignal.any([signal, over.signal])
    const forget = call.audio.onDigit((digit) => {
      sent = sent
        .then(() => (until.aborted ? undefined : call.audio.sendDigits(digit, timing, until)))
        .catch((error: unknown) => {
          if (!until.aborted) warn(`key ${digit} was not sent back: ${String(error)}`)
        })
    })
    try {
      await call.echo(duration, signal)
    } finally {
      forget()
      over.abort()
    }
    return next
  },
})
