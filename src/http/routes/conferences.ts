// Conferences: create, read, change, end, and a new direct hash. Participants come through flows, never through here.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { nilUuid } from '../../base/ids.ts'
import { idOrNil, Page, PageQuery } from '../../schema/common.ts'
import { Conference, ConferenceCreate, ConferencePatch } from '../../schema/conference.ts'
import { ConferenceRecordingStart, completeStart } from '../../schema/recording.ts'
import { administrators as access } from '../access.ts'
import { notImplemented } from '../not-implemented.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { ConferenceInput, ConferenceService, RecordingService } from '../services.ts'

const tag = 'conferences'
const errors = ['CONFERENCE_NOT_FOUND'] as const

export function conferenceRoutes(
  conferences: ConferenceService,
  recordings: Pick<RecordingService, 'startForConference' | 'stopForConference'>,
): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/conferences',
      operation: 'listConferences',
      summary: 'List conferences, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Conference),
      handler: async ({ customerId, query }) => pageOf(await conferences.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'POST',
      path: '/v1.0/conferences',
      operation: 'createConference',
      summary: 'Create a conference',
      tag,
      access,
      errors: ['ALREADY_EXISTS'],
      body: ConferenceCreate,
      example: { type: 'conference', name: 'test conference', detail: 'test conference for example' },
      response: Conference,
      handler: ({ customerId, body }) => conferences.create(customerId, conferenceInput(body)),
    }),
    route({
      method: 'GET',
      path: '/v1.0/conferences/{id}',
      operation: 'getConference',
      summary: 'Read a conference, also one that has ended',
      tag,
      access,
      errors,
      response: Conference,
      handler: ({ customerId, id }) => conferences.get(customerId, id),
    }),
    route({
      method: 'PUT',
      path: '/v1.0/conferences/{id}',
      operation: 'updateConference',
      summary: 'Change a conference; what is left out stays as it is',
      tag,
      access,
      errors: [...errors, 'CONFERENCE_TERMINATED'],
      body: ConferencePatch,
      example: { name: 'new name' },
      response: Conference,
      handler: ({ customerId, id, body }) => conferences.update(customerId, id, conferencePatch(body)),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/conferences/{id}',
      operation: 'deleteConference',
      summary: 'End a conference: everybody in it is removed',
      tag,
      access,
      errors,
      response: Conference,
      handler: ({ customerId, id }) => conferences.remove(customerId, id),
    }),
    route({
      method: 'POST',
      path: '/v1.0/conferences/{id}/direct-hash-regenerate',
      operation: 'regenerateConferenceHash',
      summary: 'Give a conference a new direct hash; the old one stops working at once',
      tag,
      access,
      errors: [...errors, 'STATE_INVALID'],
      invalidId: 'INVALID_REQUEST_PARAMETER',
      response: Conference,
      handler: ({ customerId, id }) => conferences.regenerateHash(customerId, id),
    }),
    ...recordingRoutes(conferences, recordings),
    ...laterRoutes(conferences),
  ]
}

/** One mixed file of everybody. */
function recordingRoutes(
  conferences: ConferenceService,
  recordings: Pick<RecordingService, 'startForConference' | 'stopForConference'>,
): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1.0/conferences/{id}/recording_start',
      operation: 'startConferenceRecording',
      summary: 'Record a conference that somebody is in',
      tag,
      access,
      errors: [...errors, 'RECORDING_ALREADY_ACTIVE', 'STATE_INVALID', 'SERVICE_UNAVAILABLE'],
      body: ConferenceRecordingStart,
      bodyOptional: true,
      example: { format: 'wav', duration: 3600 },
      response: Conference,
      handler: async ({ customerId, id, body }) => {
        await recordings.startForConference(customerId, id, completeStart(body))
        return conferences.get(customerId, id)
      },
    }),
    route({
      method: 'POST',
      path: '/v1.0/conferences/{id}/recording_stop',
      operation: 'stopConferenceRecording',
      summary: 'Stop recording a conference; the file is complete when this answers',
      tag,
      access,
      errors: [...errors, 'RECORDING_NOT_ACTIVE'],
      response: Conference,
      handler: async ({ customerId, id }) => {
        await recordings.stopForConference(customerId, id)
        return conferences.get(customerId, id)
      },
    }),
  ]
}

/** Known, checked for the id and the tenant, and refused. */
function laterRoutes(conferences: ConferenceService): Route[] {
  const later = (name: string, operation: string, feature: string): Route =>
    route({
      method: 'POST',
      path: `/v1.0/conferences/{id}/${name}`,
      operation,
      summary: `Not implemented: ${feature}`,
      tag,
      access,
      errors: [...errors, 'NOT_IMPLEMENTED'],
      response: Conference,
      handler: async ({ customerId, id }) => {
        await conferences.get(customerId, id)
        throw notImplemented(feature)
      },
    })
  return [
    later('transcribe_start', 'startConferenceTranscription', 'transcribing a conference'),
    later('transcribe_stop', 'stopConferenceTranscription', 'transcribing a conference'),
    route({
      method: 'GET',
      path: '/v1.0/conferences/{id}/media_stream',
      operation: 'streamConference',
      summary: 'Not implemented: the media stream of a conference',
      tag,
      access,
      errors: [...errors, 'MISSING_REQUEST_PARAMETER', 'NOT_IMPLEMENTED'],
      query: Type.Object({ encapsulation: Type.Optional(Type.Enum(['rtp', 'sln', 'audiosocket'])) }),
      response: Type.Unknown(),
      handler: async ({ customerId, id, query }) => {
        await conferences.get(customerId, id)
        if (query.encapsulation === undefined) {
          throw new UserError(
            'MISSING_REQUEST_PARAMETER',
            'encapsulation is missing: add ?encapsulation=rtp, sln or audiosocket',
          )
        }
        throw notImplemented('the media stream of a conference')
      },
    }),
  ]
}

function conferenceInput(body: ConferenceCreate): ConferenceInput {
  const id = idOrNil(body.id)
  return {
    ...(id === nilUuid ? {} : { id }),
    type: body.type || 'conference',
    name: '',
    detail: '',
    data: {},
    timeout: 0,
    pre_flow_id: nilUuid,
    post_flow_id: nilUuid,
    ...conferencePatch(body),
  }
}

/** The newer name of a flow id wins, unless it is empty and the older one is not. */
function conferencePatch(body: ConferencePatch): Partial<ConferenceInput> {
  const { name, detail, data, timeout } = body
  const preFlow = body.pre_flow_id || (body.pre_actions ?? body.pre_flow_id)
  const postFlow = body.post_flow_id || (body.post_actions ?? body.post_flow_id)
  return {
    ...(name === undefined ? {} : { name }),
    ...(detail === undefined ? {} : { detail }),
    ...(data === undefined ? {} : { data }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(preFlow === undefined ? {} : { pre_flow_id: idOrNil(preFlow) }),
    ...(postFlow === undefined ? {} : { post_flow_id: idOrNil(postFlow) }),
  }
}
