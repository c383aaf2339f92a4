// fetch: asks an address of the web for actions, runs them, then goes on here.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { defineAction, push } from '../define-action.ts'
import { webAddress, word } from '../option-fields.ts'

/** The answer must be 200 with a JSON array of actions. */
export const fetch = defineAction({
  type: 'fetch',
  option: Type.Object({
    event_url: webAddress('the http(s) address that answers with actions'),
    event_method: word(['', 'POST', 'GET', 'PUT', 'DELETE'], 'the request method', 'POST'),
  }),
  media: false,
  onError: 'stop',
  run: async ({ web, flows, customerId, activeflowId, referenceId, signal }, option) => {
    const { event_url: url } = option
    if (url === '') throw new UserError('INVALID_ARGUMENT', 'option.event_url is empty')
    const method = option.event_method || 'POST'
    const body = JSON.stringify({ activeflow_id: activeflowId, reference_id: referenceId })
    const sent = method === 'GET' ? { contentType: '', body: '' } : { contentType: json, body }
    const answer = await web.send({ url, method, customerId, ...sent }, signal)
    if (answer.status !== 200) {
      throw new UserError(
        'INVALID_ARGUMENT',
        `${url} answered ${answer.status}; 200 with a list of actions is expected`,
      )
    }
    return push(flows.checked(parsed(answer.body, url), 'answer'))
  },
})

const json = 'application/json; charset=utf-8'

function parsed(body: string, url: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new UserError('INVALID_ARGUMENT', `the answer of ${url} is not JSON`, { cause })
  }
}
