// Entry of the file thread: a desk commanded by messages. Disk and decoders are slow here, and the tick does not notice.
import { readlinkSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { basename } from 'node:path'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { Bug } from '../../base/errors.ts'
import type { Fetch } from '../playing/url-source.ts'
import { threadClock } from '../thread-clock.ts'
import { FileDesk } from './file-desk.ts'
import type { ToFileThread } from './file-message.ts'
import type { FileThreadOptions } from './file-thread.ts'

if (isMainThread || !parentPort) throw new Bug('The file thread must not be loaded in the main thread.')
const port = parentPort
const { fetchModule } = workerData as FileThreadOptions

/** Where a core is shared with the tick, the tick goes first. Linux has a priority for each thread, by its id; elsewhere nothing happens. */
function stepBack(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // No such file, or no such right: then all are equal.
  }
}

async function loadFetch(): Promise<Fetch | undefined> {
  if (!fetchModule) return undefined
  const loaded: { fetchMedia?: Fetch } = await import(fetchModule)
  if (!loaded.fetchMedia) throw new Bug(`${fetchModule} exports no fetchMedia.`)
  return loaded.fetchMedia
}

// Threads inherit their priority: those that all of the process shares for its files are to be there before.
await access(import.meta.filename)
stepBack()
const fetch = await loadFetch()
const desk = new FileDesk({
  clock: threadClock,
  post: (message) => port.postMessage(message),
  random: Math.random,
  fetch,
})
port.on('message', (message: ToFileThread) => void desk.handle(message))
