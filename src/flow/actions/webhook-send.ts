// webhook_send: sends a request to an address of the web. Nothing of the answer is read.
import Type from 'typebox'
import { classify, OperationalError, UserError } from '../../base/errors.ts'
import { type ActionContext, defineAction, next } from '../define-action.ts'
import { flag, text, webAddress, word } from '../option-fields.ts'
import type { WebRequest } from '../ports.ts'
import { wait } from '../wait.ts'

/** A request that fails, or is answered with 500 or more, is repeated like a webhook of the server. */
const attempts = 3
const betweenMs = 1000

/** `sync` waits until it is sent; otherwise it is sent in the background, even after the flow has ended. */
export const webhookSend = defineAction({
  type: 'webhook_send',
  option: Type.Object({
    sync: flag('true to wait for the answer'),
    uri: webAddress('the http(s) address to send to'),
    method: word(['', 'POST', 'GET', 'PUT', 'DELETE'], 'the request method', 'POST'),
    data_type: text('the content type, e.g. "application/json"'),
    data: text('the body as text'),
  }),
  media: false,
  onError: 'continue',
  run: async (context, { sync, uri: url, method: wanted, data_type: type, data }) => {
    if (url === '') throw new UserError('INVALID_ARGUMENT', 'option.uri is empty')
    const method = wanted || 'POST'
    const sent = method === 'GET' || data === '' ? { contentType: '', body: '' } : { contentType: type, body: data }
    const request = { url, method, customerId: context.customerId, ...sent }
    if (sync) await send(context, request, context.signal)
    else context.outliving((signal) => send(context, request, signal))
    return next
  },
})

async function send({ web, clock }: ActionContext, request: WebRequest, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const problem = await web
      .send(request, signal)
      .then(
        ({ status }) => (status >= 500 ? new OperationalError(`${request.url} answered ${status}`) : undefined),
        classify,
      )
    if (problem === undefined) return
    if (signal.aborted || problem.kind !== 'operational' || attempt === attempts) throw problem
    await wait(clock, betweenMs, signal)
  }
}
