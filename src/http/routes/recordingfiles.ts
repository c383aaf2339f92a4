// The files of recordings: a redirect to an address that needs no credential for some minutes, and what is there: the one file, or a tar of several.
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { administrators as access } from '../access.ts'
import { octets, redirection } from '../raw-answer.ts'
import { type Route, route } from '../route.ts'
import type { RecordingService } from '../services.ts'

const tag = 'recordingfiles'

/** @param publicUrl base of the addresses that clients are sent to; empty for addresses relative to this server */
export function recordingfileRoutes(recordings: RecordingService, publicUrl: string): Route[] {
  const base = publicUrl.replace(/\/+$/, '')
  return [
    route({
      method: 'GET',
      path: '/v1.0/recordingfiles/{id}',
      operation: 'getRecordingfile',
      summary: 'Be sent to a short-lived address of the file of a recording, or of a tar with its files',
      tag,
      access,
      status: 307,
      errors: ['RECORDING_NOT_FOUND', 'STATE_INVALID'],
      response: Type.Unknown(),
      handler: async ({ customerId, id }) => {
        const token = await recordings.permit(customerId, id)
        return redirection(`${base}/v1.0/recordingfiles/${id}/download?token=${token}`)
      },
    }),
    route({
      method: 'GET',
      path: '/v1.0/recordingfiles/{id}/download',
      operation: 'downloadRecordingfile',
      summary: 'The octets of a recording, by an address that /v1.0/recordingfiles gave; ranges are understood',
      tag,
      access: 'public',
      errors: ['INVALID_CREDENTIALS', 'RECORDING_NOT_FOUND'],
      query: Type.Object({
        token: Type.Optional(Type.String({ description: 'as /v1.0/recordingfiles wrote it into the address' })),
      }),
      response: Type.Unknown(),
      handler: async ({ id, query }) => {
        if (query.token === undefined)
          throw new UserError(
            'INVALID_CREDENTIALS',
            'token is missing: open the address that /v1.0/recordingfiles gives',
          )
        return octets(await recordings.download(id, query.token))
      },
    }),
  ]
}
