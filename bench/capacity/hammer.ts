// A busy API while a conference talks: 500 requests a second, and 20 conferences a second created and deleted.
import type { Partyline } from './partyline.ts'

export interface HammerResult {
  readonly requestsPerSecond: number
  readonly failed: number
  /** Requests not sent because too many were unanswered. */
  readonly skipped: number
  readonly created: number
  /** Milliseconds from request to answer. */
  readonly p50: number
  readonly p99: number
  /** The first refusal, if there was one. */
  readonly firstFailure?: string | undefined
}

const stepMs = 10
const requestsPerStep = 5
const stepsPerConference = 5
const mostUnanswered = 400
const paths = ['/conferences', '/conferencecalls', '/calls', '/activeflows', '/flows']

export function startHammer(server: Partyline) {
  const began = performance.now()
  const waits: number[] = []
  const underWay = new Set<Promise<void>>()
  let [sent, failed, skipped, created, step] = [0, 0, 0, 0, 0]
  let firstFailure: string | undefined
  const fail = (why: string): void => {
    failed += 1
    firstFailure ??= why
  }
  const one = async (method: string, path: string, body?: object): Promise<string> => {
    sent += 1
    const at = performance.now()
    try {
      const answer = await server.api(method, path, body)
      waits.push(performance.now() - at)
      if (answer.status >= 300) fail(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 200)}`)
      return answer.body
    } catch (error) {
      fail(`${method} ${path}: ${String(error)}`)
      return ''
    }
  }
  const conference = async (): Promise<void> => {
    const body = await one('POST', '/conferences', { type: 'conference', name: 'hammer' })
    const id = /"id":\s*"([^"]+)"/.exec(body)?.[1]
    if (id === undefined) return
    created += 1
    await one('DELETE', `/conferences/${id}`)
  }
  const run = (work: Promise<unknown>): void => {
    const tracked: Promise<void> = work.then(() => {
      underWay.delete(tracked)
    })
    underWay.add(tracked)
  }
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - began) / stepMs)
    for (; step < due; step += 1) {
      if (underWay.size > mostUnanswered) skipped += requestsPerStep
      else {
        for (let count = 0; count < requestsPerStep; count += 1)
          run(one('GET', paths[(step * requestsPerStep + count) % paths.length] ?? ''))
        if (step % stepsPerConference === 0) run(conference())
      }
    }
  }, stepMs)
  return {
    async stop(): Promise<HammerResult> {
      clearInterval(timer)
      const seconds = (performance.now() - began) / 1000
      await Promise.all(underWay)
      waits.sort((one, other) => one - other)
      const at = (share: number): number => waits[Math.floor(waits.length * share)] ?? 0
      return { requestsPerSecond: sent / seconds, failed, skipped, created, p50: at(0.5), p99: at(0.99), firstFailure }
    },
  }
}
