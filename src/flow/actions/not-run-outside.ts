// Actions that reach outside the call (other calls, messages, the web): flows may hold them, this server does not run them yet.
import Type from 'typebox'
import { defineAction } from '../define-action.ts'
import { address, addresses, flag, nestedActions, text, uuid, word } from '../option-fields.ts'

export const call = defineAction({
  type: 'call',
  media: false,
  onError: 'stop',
  option: Type.Object({
    source: address('the address that the new calls come from'),
    destinations: addresses('a list of addresses to dial'),
    flow_id: uuid('the id of the flow that the new calls run'),
    actions: nestedActions('a list of actions that the new calls run'),
    chained: flag('true to hang up with this call'),
    early_execution: flag('true to run the flow while ringing'),
    anonymous: word(['', 'yes', 'no', 'auto'], 'whether to hide the source'),
  }),
})

export const fetch = defineAction({
  type: 'fetch',
  media: false,
  onError: 'stop',
  option: Type.Object({
    event_url: text('the http(s) address that answers with actions'),
    event_method: word(['', 'POST', 'GET', 'PUT', 'DELETE'], 'the request method', 'POST'),
  }),
})

export const webhookSend = defineAction({
  type: 'webhook_send',
  media: false,
  onError: 'continue',
  option: Type.Object({
    sync: flag('true to wait for the answer'),
    uri: text('the http(s) address to send to'),
    method: word(['', 'POST', 'GET', 'PUT', 'DELETE'], 'the request method', 'POST'),
    data_type: text('the content type, e.g. "application/json"'),
    data: text('the body as text'),
  }),
})

export const conversationSend = defineAction({
  type: 'conversation_send',
  media: false,
  onError: 'continue',
  option: Type.Object({
    conversation_id: uuid('the id of a conversation'),
    text: text('the message'),
    sync: flag('true to wait until it is sent'),
  }),
})

export const messageSend = defineAction({
  type: 'message_send',
  media: false,
  onError: 'stop',
  option: Type.Object({
    source: address('the sender'),
    destinations: addresses('a list of receivers'),
    text: text('the message'),
  }),
})

export const emailSend = defineAction({
  type: 'email_send',
  media: false,
  onError: 'continue',
  option: Type.Object({
    destinations: addresses('a list of receivers'),
    subject: text('the subject'),
    content: text('the body'),
    attachments: Type.Array(Type.Unknown(), { default: [], description: 'a list of attachments' }),
  }),
})

export const caseCreate = defineAction({
  type: 'case_create',
  media: false,
  onError: 'continue',
  option: Type.Object({
    name: text('the name of the case'),
    detail: text('its detail'),
    note: text('a note'),
    sync: flag('true to wait until it is made'),
  }),
})

export const block = defineAction({
  type: 'block',
  media: false,
  skippedOnCalls: true,
  onError: 'stop',
  option: Type.Object({}),
})
