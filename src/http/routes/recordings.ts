// Recordings: list, read, delete. They are started and stopped where their call or conference is.
import { Page, PageQuery } from '../../schema/common.ts'
import { Recording } from '../../schema/recording.ts'
import { administrators as access } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Route, route } from '../route.ts'
import type { RecordingService } from '../services.ts'

const tag = 'recordings'
const errors = ['RECORDING_NOT_FOUND'] as const

export function recordingRoutes(recordings: RecordingService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/recordings',
      operation: 'listRecordings',
      summary: 'List recordings, newest first',
      tag,
      access,
      query: PageQuery,
      response: Page(Recording),
      handler: async ({ customerId, query }) => pageOf(await recordings.list(customerId, pageRequest(query))),
    }),
    route({
      method: 'GET',
      path: '/v1.0/recordings/{id}',
      operation: 'getRecording',
      summary: 'Read a recording',
      tag,
      access,
      errors,
      response: Recording,
      handler: ({ customerId, id }) => recordings.get(customerId, id),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/recordings/{id}',
      operation: 'deleteRecording',
      summary: 'Delete a recording and its files; one that still runs is stopped first',
      tag,
      access,
      errors,
      response: Recording,
      handler: ({ customerId, id }) => recordings.remove(customerId, id),
    }),
  ]
}
