// What may be done to the sound of a call that is up. Most answers are an empty 200.
import Type from 'typebox'
import { Call } from '../../schema/call.ts'
import { CallRecordingStart, completeStart } from '../../schema/recording.ts'
import { administrators as access } from '../access.ts'
import { RawAnswer } from '../raw-answer.ts'
import { type Route, type RouteFacts, route } from '../route.ts'
import type { CallControlService, CallService, RecordingService } from '../services.ts'

const errors = ['CALL_NOT_FOUND', 'CALL_NOT_PROGRESSING'] as const

const MuteInput = Type.Object({
  direction: Type.Optional(
    Type.Enum(['', 'both', 'in', 'out'], {
      description: '`in`: the phone is not heard; `out`: it hears nothing of the others; `both` when absent or empty',
    }),
  ),
})

const TalkInput = Type.Object({
  text: Type.Optional(Type.String({ description: 'plain text or SSML; nothing is said when it is empty' })),
  language: Type.Optional(Type.String({ description: 'BCP 47, such as `en-US`; the default language when empty' })),
  provider: Type.Optional(Type.String({ description: 'the speech engine; the default one when empty' })),
  voice_id: Type.Optional(Type.String({ description: 'a voice of that engine' })),
})

/** 200 without a body. */
const nothing = (): RawAnswer => new RawAnswer((_request, reply) => reply.code(200).send())

const facts = (
  method: RouteFacts['method'],
  name: string,
): Pick<RouteFacts, 'method' | 'path' | 'tag' | 'access' | 'errors'> => ({
  method,
  path: `/v1.0/calls/{id}/${name}`,
  tag: 'calls',
  access,
  errors,
})

export function callControlRoutes(controls: CallControlService): Route[] {
  const simple = (
    [method, name]: readonly [RouteFacts['method'], string],
    texts: Pick<RouteFacts, 'operation' | 'summary'>,
    act: (customerId: string, id: string) => Promise<void>,
  ): Route =>
    route({
      ...facts(method, name),
      ...texts,
      response: Type.Unknown(),
      handler: async ({ customerId, id }) => {
        await act(customerId, id)
        return nothing()
      },
    })
  return [
    simple(
      ['POST', 'hold'],
      { operation: 'holdCall', summary: 'Put a call on hold: it is not heard and hears nothing of the others' },
      (customerId, id) => controls.hold(customerId, id),
    ),
    simple(['DELETE', 'hold'], { operation: 'unholdCall', summary: 'Take a call off hold' }, (customerId, id) =>
      controls.unhold(customerId, id),
    ),
    ...muteRoutes(controls),
    simple(
      ['POST', 'moh'],
      { operation: 'startCallMusic', summary: 'Play music on hold to a call, instead of what it hears of the others' },
      (customerId, id) => controls.startMusic(customerId, id),
    ),
    simple(['DELETE', 'moh'], { operation: 'stopCallMusic', summary: 'End the music on hold' }, (customerId, id) =>
      controls.stopMusic(customerId, id),
    ),
    simple(
      ['POST', 'silence'],
      {
        operation: 'silenceCall',
        summary: 'Let a call hear silence instead of the others; what is said or played to it is heard',
      },
      (customerId, id) => controls.silence(customerId, id),
    ),
    simple(['DELETE', 'silence'], { operation: 'unsilenceCall', summary: 'End the silence' }, (customerId, id) =>
      controls.unsilence(customerId, id),
    ),
    talkRoute(controls),
  ]
}

function muteRoutes(controls: CallControlService): Route[] {
  const body = { body: MuteInput, bodyOptional: true, example: { direction: 'both' }, response: Type.Unknown() }
  return [
    route({
      ...facts('POST', 'mute'),
      ...body,
      operation: 'muteCall',
      summary: 'Mute a call in a direction, besides the one that may be muted already',
      handler: async ({ customerId, id, body: { direction } }) => {
        await controls.mute(customerId, id, direction || 'both')
        return nothing()
      },
    }),
    route({
      ...facts('DELETE', 'mute'),
      ...body,
      operation: 'unmuteCall',
      summary: 'Unmute a call in a direction',
      handler: async ({ customerId, id, body: { direction } }) => {
        await controls.unmute(customerId, id, direction || 'both')
        return nothing()
      },
    }),
  ]
}

const talkRoute = (controls: CallControlService): Route =>
  route({
    ...facts('POST', 'talk'),
    operation: 'talkToCall',
    summary: 'Say a text to a call, after what is being said to it; does not wait for the end',
    body: TalkInput,
    bodyOptional: true,
    example: { text: 'Please hold the line.', language: 'en-US' },
    response: Type.Unknown(),
    handler: async ({ customerId, id, body }) => {
      const { text = '', language = '', provider = '', voice_id: voiceId = '' } = body
      await controls.talk(customerId, id, { text, language, provider, voiceId })
      return nothing()
    },
  })

export function callRecordingRoutes(
  calls: Pick<CallService, 'get'>,
  recordings: Pick<RecordingService, 'startForCall' | 'stopForCall'>,
): Route[] {
  return [
    route({
      ...facts('POST', 'recording_start'),
      operation: 'startCallRecording',
      summary: 'Record a call',
      errors: [...errors, 'CALL_STATE_INVALID', 'STATE_INVALID', 'SERVICE_UNAVAILABLE'],
      body: CallRecordingStart,
      bodyOptional: true,
      example: { format: 'wav', duration: 3600, end_of_key: '#' },
      response: Call,
      handler: async ({ customerId, id, body }) => {
        await recordings.startForCall(customerId, id, completeStart(body))
        return calls.get(customerId, id)
      },
    }),
    route({
      ...facts('POST', 'recording_stop'),
      operation: 'stopCallRecording',
      summary: 'Stop recording a call; the files are complete when this answers',
      errors: [...errors, 'STATE_INVALID'],
      response: Call,
      handler: async ({ customerId, id }) => {
        await recordings.stopForCall(customerId, id)
        return calls.get(customerId, id)
      },
    }),
  ]
}
