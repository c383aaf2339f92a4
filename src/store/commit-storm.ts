// Process of store-crash.test.ts: commits without pause from many committers and prints each commit that was answered,
// until it is killed. Arguments: the database file.
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { silentLog } from '../base/log.ts'
import { directRow, event } from './sample-rows.ts'
import { openStore } from './store.ts'

const clock = { now: () => 0, wallMicros: () => Date.now() * 1000, after: () => ({ cancel() {} }) }
const store = await openStore({ path: process.argv[2] ?? '', clock, log: silentLog })

/** A line is written whole or not at all; a reader that is behind is waited for. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

/** One committer: every fifth commit fails at its last step, after it had logged two events. */
async function commitForever(conference_id: string): Promise<never> {
  for (let n = 1; ; n++) {
    const hash = randomUUID()
    const logged = { event: event({ conference_id, customer_id: 'storm', data: { hash } }) }
    const row = { insert: 'direct' as const, row: directRow(store, hash) }
    if (n % 5 === 0) {
      await store.commit([logged, logged, row, row]).catch(() => {})
    } else {
      const [stored] = await store.commit([logged, row])
      say(`${JSON.stringify({ hash, id: stored?.id })}\n`)
    }
  }
}

await Promise.all(Array.from({ length: 30 }, (_, n) => commitForever(`conference-${n % 4}`)))
