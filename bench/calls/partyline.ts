// Partyline under test: a server of its own on spare loopback ports and one core, without limits on calls; what it stored is read
// when it is gone.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../demo/server.ts'
import { loopback } from '../capacity/bridge.ts'
import { end, lastWords, scratchFolder, serverCore, startPinned } from '../capacity/child.ts'
import { nodeFlags } from '../node-flags.ts'
import type { Answerer, Written } from './answerer.ts'

const ownCheckout = fileURLToPath(new URL('../..', import.meta.url))

export interface PartylineOptions {
  readonly conferences: number
  /** This checkout unless given. */
  readonly checkout?: string | undefined
  /** Folder for V8's CPU profiles of all its threads. */
  readonly profile?: string | undefined
}

interface Place {
  readonly http: number
  readonly sip: number
  readonly accesskey: string
}

const settings = ({ http, sip, accesskey }: Place, dataDir: string): Record<string, string> => ({
  PARTYLINE_BIND_IP: loopback,
  PARTYLINE_PUBLIC_IP: loopback,
  PARTYLINE_HTTP_PORT: String(http),
  PARTYLINE_SIP_PORT: String(sip),
  PARTYLINE_RTP_PORTS: '10000-29999',
  PARTYLINE_DATA_DIR: dataDir,
  PARTYLINE_ADMIN_ACCESSKEY: accesskey,
  PARTYLINE_LOG_LEVEL: 'warn',
  PARTYLINE_RATE_LIMITS: 'off',
  PARTYLINE_CALLS_PER_SECOND: '0',
  PARTYLINE_MAX_CALLS: '0',
})

async function openConference({ http, sip, accesskey }: Place): Promise<string> {
  const answer = await fetch(`http://${loopback}:${http}/v1.0/conferences?accesskey=${accesskey}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'conference', name: 'bench' }),
  })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`POST /conferences: ${answer.status} ${body}`)
  const { direct_hash } = JSON.parse(body) as { readonly direct_hash: string }
  return `sip:direct.${direct_hash}@${loopback}:${sip}`
}

/** Starts the server and opens its conferences. */
export async function startPartyline(options: PartylineOptions): Promise<Answerer> {
  const { conferences, checkout = ownCheckout, profile } = options
  const dataDir = scratchFolder('calls')
  const place = { http: await freePort(), sip: await freePort(), accesskey: `vb_${randomBytes(16).toString('hex')}` }
  const profiling = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profile}`]
  const args = [...nodeFlags(checkout), ...profiling, join(checkout, 'src', 'main.ts')]
  const child = startPinned({ core: serverCore, file: process.execPath, args, env: settings(place, dataDir) })
  const said = lastWords(child)
  const gone = once(child, 'exit').then(() => false)
  const answers = (): Promise<boolean> =>
    fetch(`http://${loopback}:${place.http}/ping`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await answers())) {
    if (!(await Promise.race([gone, wait(50, true)]))) throw new Error(`the server ended by itself\n${said()}`)
  }
  const uris: string[] = []
  for (let count = 0; count < conferences; count += 1) uris.push(await openConference(place))
  return {
    pid: child.pid ?? 0,
    uris,
    stop: () => end(child),
    written: () => readWritten(join(dataDir, 'partyline.db')),
    lastWords: said,
  }
}

const joinedQuery = `
  SELECT call.sip_call_id AS call_id, event_log.tm_create AS at FROM event_log
  JOIN call ON call.id = json_extract(event_log.data, '$.reference_id')
  WHERE event_log.type = 'conferencecall_joined'`
const endedQuery = `
  SELECT call.sip_call_id AS call_id FROM call
  JOIN conferencecall ON conferencecall.reference_id = call.id
  JOIN activeflow ON activeflow.id = call.activeflow_id
  WHERE call.status = 'hangup' AND call.hangup_by = 'remote' AND call.hangup_reason = 'normal'
  AND conferencecall.status = 'leaved' AND activeflow.status = 'ended'`

function readWritten(path: string): Written {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const joined = database.prepare(joinedQuery).all()
    const ended = database.prepare(endedQuery).all()
    return {
      joinedAt: new Map(joined.map((row) => [String(row['call_id']), toMs(String(row['at']))])),
      ended: new Set(ended.map((row) => String(row['call_id']))),
    }
  } finally {
    database.close()
  }
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` in UTC as milliseconds since 1970, fraction included. */
const toMs = (text: string): number =>
  Date.parse(`${text.slice(0, 23).replace(' ', 'T')}Z`) + Number(text.slice(23)) / 1000
