// Audio first: where cores are scarce, the threads of the engine run before signalling, HTTP, the database and V8's collectors. Nobody may raise a
// thread without privileges, but everybody may lower one. Engine threads made later begin where the main thread is, and are no worse off than it.
import { readdirSync, readFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/** A third of the weight of 0 in Linux's scheduler. */
const lower = 5
const tasks = '/proc/self/task'

/** Lowers every thread of this process that is not named so. Answers how many; none where the system has no such thing. */
export function favourThreads(name: string): number {
  try {
    const others = readdirSync(tasks).filter((id) => readFileSync(`${tasks}/${id}/comm`, 'utf8').trim() !== name)
    for (const id of others) setPriority(Number(id), lower)
    return others.length
  } catch {
    return 0
  }
}
