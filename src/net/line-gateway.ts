// Talks to the LINE platform through LINE's own SDK: registers the address that LINE sends a channel's events to.
import { HTTPFetchError, messagingApi } from '@line/bot-sdk'
import { OperationalError, UserError } from '../base/errors.ts'
import type { LineGateway } from '../conversation/line-gateway.ts'

/** How long LINE may take to answer. */
const defaultTimeoutMs = 10_000

export interface LineGatewayOptions {
  /** LINE's API, e.g. `https://api.line.me`. */
  readonly baseUrl: string
  readonly timeoutMs?: number
}

export function createLineGateway({ baseUrl, timeoutMs = defaultTimeoutMs }: LineGatewayOptions): LineGateway {
  return {
    setEndpoint: async (channelToken, url) => {
      const client = new messagingApi.MessagingApiClient({ channelAccessToken: channelToken, baseURL: baseUrl })
      try {
        await within(timeoutMs, client.setWebhookEndpoint({ endpoint: url }))
      } catch (error) {
        throw explained(error, { baseUrl, channelToken })
      }
    },
  }
}

/** The SDK offers no way to cut a request short, so only the waiting ends. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new OperationalError(`LINE did not answer within ${ms} ms`, { retryable: true })),
    ms,
  )
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Errors of the SDK and of fetch are not handed on: their texts may repeat the token. */
function explained(error: unknown, context: { baseUrl: string; channelToken: string }): Error {
  if (error instanceof OperationalError) return error
  if (!(error instanceof HTTPFetchError)) {
    return new OperationalError(`LINE cannot be reached at ${context.baseUrl}`, { retryable: true })
  }
  const words = messageOf(error.body).replaceAll(context.channelToken, '***')
  if (error.status >= 500)
    return new OperationalError(`LINE failed with ${error.status}: ${words}`, { retryable: true })
  return new UserError('LINE_REFUSED', `LINE refused with ${error.status}: ${words}`)
}

/** LINE answers `{"message", "details"?: [{"message", "property"}]}`. */
function messageOf(body: string): string {
  try {
    const answer: unknown = JSON.parse(body)
    const message = typeof answer === 'object' && answer !== null && 'message' in answer ? answer.message : undefined
    return typeof message === 'string' ? message.slice(0, 300) : 'no reason given'
  } catch {
    return 'no reason given'
  }
}
