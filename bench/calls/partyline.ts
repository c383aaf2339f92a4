// Partyline under test: a server of its own on spare loopback ports and one core, without limits on calls; what it stored is read
// when it is gone.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { loopback } from '../capacity/bridge.ts'
import { type ServerOptions, type ServerUnderTest, startServer } from '../server.ts'
import type { Answerer, Written } from './answerer.ts'

export interface PartylineOptions extends Pick<ServerOptions, 'checkout' | 'profile'> {
  readonly conferences: number
}

async function openConference({ httpPort, sipPort, accesskey }: ServerUnderTest): Promise<string> {
  const answer = await fetch(`http://${loopback}:${httpPort}/v1.0/conferences?accesskey=${accesskey}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'conference', name: 'bench' }),
  })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`POST /conferences: ${answer.status} ${body}`)
  const { direct_hash } = JSON.parse(body) as { readonly direct_hash: string }
  return `sip:direct.${direct_hash}@${loopback}:${sipPort}`
}

/** Starts the server and opens its conferences. */
export async function startPartyline(options: PartylineOptions): Promise<Answerer> {
  const { conferences, ...others } = options
  const server = await startServer({ ...others, unlimitedCalls: true })
  const uris: string[] = []
  for (let count = 0; count < conferences; count += 1) uris.push(await openConference(server))
  const { pid, dataDir, stop, lastWords } = server
  return { pid, uris, stop, lastWords, written: () => readWritten(join(dataDir, 'partyline.db')) }
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
