// A hundred phones in one conference, four of them talking: no packet lost, every listener hears every talker, and each
// was let in within 100 ms. PARTYLINE_CROWD_SECONDS sets how long they stay (20 unless set; 60 for the full run).
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CrowdReport } from '../phone/crowd.ts'
import { Child } from './child.ts'
import type { Conference } from './facts.ts'
import { TestServer } from './server.ts'

const program = fileURLToPath(new URL('../phone/crowd.ts', import.meta.url))
const full = process.env['PARTYLINE_CROWD_SECONDS'] !== undefined
const seconds = Number(process.env['PARTYLINE_CROWD_SECONDS'] ?? '20')
const phones = 100
const talkers = 4
let server: TestServer

beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server?.close())

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

test(`${phones} phones stay ${seconds} s and miss nothing`, { timeout: (seconds + 90) * 1000 }, async () => {
  const { direct_hash: hash } = await server.api<Conference>('POST', '/conferences', {
    type: 'conference',
    name: 'crowd',
  })
  const crowd = new Child([
    process.execPath,
    program,
    JSON.stringify({ uri: server.sip(`direct.${hash}`), phones, talkers, seconds }),
  ])
  const { code } = await crowd.exited
  expect(code, crowd.output).toBe(0)
  const { members, worstLatenessMs } = JSON.parse(crowd.stdout) as CrowdReport

  const setUps = members.map(({ setUpMs, heldUpMs }) => setUpMs - heldUpMs)
  const sum = (pick: (member: (typeof members)[number]) => number): number =>
    members.reduce((total, member) => total + pick(member), 0)
  const shares = members.flatMap(({ share, ownTone }) =>
    Object.entries(share).flatMap(([frequency, part]) => (Number(frequency) === ownTone ? [] : [part])),
  )
  console.info(
    `set-up ms: median ${percentile(setUps, 0.5).toFixed(1)}, 99 % ${percentile(setUps, 0.99).toFixed(1)}, worst ${Math.max(...setUps).toFixed(1)} (phones held up by at most ${Math.max(...members.map(({ heldUpMs }) => heldUpMs)).toFixed(1)}); ` +
      `packets sent ${sum(({ sent }) => sent)}, received ${sum(({ received }) => received)}, lost ${sum(({ lost }) => lost)}; ` +
      `tones heard in ${(Math.min(...shares) * 100).toFixed(1)} % of frames or more; longest gap ${Math.max(...members.map(({ longestGapMs }) => longestGapMs)).toFixed(0)} ms; phones late by at most ${worstLatenessMs.toFixed(0)} ms`,
  )

  expect(members).toHaveLength(phones)
  expect(members.filter(({ ownTone }) => ownTone > 0)).toHaveLength(talkers)
  for (const { name, lost, duplicate, ownTone, ownEcho, share, received } of members) {
    expect({ name, lost, duplicate }).toEqual({ name, lost: 0, duplicate: 0 })
    expect(received, `packets to ${name}`).toBeGreaterThan(seconds * 50 - 5)
    expect(ownEcho, `echo of ${name}`).toBe(-127)
    // Less than 1: a talker whom the machine held up leaves a hole in its tone that is not the server's.
    for (const [frequency, part] of Object.entries(share)) {
      if (Number(frequency) !== ownTone) expect(part, `${name} hears ${frequency} Hz`).toBeGreaterThan(0.95)
    }
  }
  // Every one of them in the full run, which wants a quiet machine; the typical one here.
  if (full) expect(Math.max(...setUps), 'slowest set-up, ms').toBeLessThan(100)
  expect(percentile(setUps, 0.5), 'median set-up, ms').toBeLessThan(100)
})
