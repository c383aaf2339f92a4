// Whether the server serves.
import Type from 'typebox'
import { OperationalError } from '../../base/errors.ts'
import { type Route, route } from '../route.ts'

/** @param ready whether every port listens */
export function pingRoutes(ready: () => boolean): Route[] {
  return [
    route({
      method: 'GET',
      path: '/ping',
      operation: 'ping',
      summary: 'Answers pong once everything listens',
      tag: 'server',
      access: 'public',
      errors: ['SERVICE_UNAVAILABLE'],
      response: Type.Object({ message: Type.String() }),
      handler: async () => {
        if (!ready()) throw new OperationalError('the server is starting or shutting down', { retryable: true })
        return { message: 'pong' }
      },
    }),
  ]
}
