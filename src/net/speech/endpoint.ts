// Speech from an HTTP endpoint of the operator's (docs/adapters.md): one POST for a text, answered with an audio file.
import { OperationalError, UserError } from '../../base/errors.ts'
import type { Clock } from '../../base/time.ts'
import { readBytes } from '../web-client.ts'
import { withDeadline } from '../web-client-deadline.ts'
import { openGuard } from '../web-client-guard.ts'
import { hostOf, sendRequest } from '../web-client-request.ts'

const totalMs = 30_000
const mostBytes = 32 * 2 ** 20

export interface EndpointText {
  /** Without markup. */
  readonly text: string
  /** Empty when the text is plain. */
  readonly ssml: string
  readonly language: string
  readonly voice_id: string
  readonly provider: string
}

/** The octets of the answer. Throws UserError when the endpoint refuses the text, OperationalError when it fails. */
export async function askEndpoint(
  url: string,
  text: EndpointText,
  { clock, signal }: { readonly clock: Pick<Clock, 'after'>; readonly signal: AbortSignal },
): Promise<Buffer> {
  const host = hostOf(url)
  return withDeadline({ clock, ms: totalMs, signal, what: host }, async (inTime) => {
    const headers = { 'content-type': 'application/json', accept: 'audio/wav, audio/mpeg, audio/ogg' }
    const request = { url, method: 'POST' as const, headers, body: JSON.stringify(text) }
    const response = await sendRequest(request, { guard: openGuard, maxRedirects: 0, signal: inTime })
    const body = await readBytes(response, { maxBytes: mostBytes, host })
    if (response.status === 200) return body
    const said = `${host} answered ${response.status} to a text: ${body.toString('utf8').slice(0, 200)}`
    const refused = [400, 404, 413, 415, 422].includes(response.status)
    throw refused
      ? new UserError('INVALID_ARGUMENT', said)
      : new OperationalError(said, { retryable: response.status >= 500 })
  })
}
