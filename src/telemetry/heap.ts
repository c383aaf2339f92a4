// Gives memory back after a burst of calls. V8 collects when it needs room, and on a machine with much of it that is late: the process stays as
// large as at its busiest. Collecting stops this thread for some 100 ms, so that it waits for a quiet moment; audio runs in other threads, before this one.
// V8's own way, two collections eight seconds after a burst whatever there is to gain, is switched off on the command line: it cost 0.2 s of processor.
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock, Timer } from '../base/time.ts'

/** What is watched and done, so that tests need no heap of their own. */
export interface HeapPort {
  /** Octets in use, garbage included. */
  used(): number
  /** Share of the time since the last call in which this thread was busy. */
  load(): number
  collect(): void
}

const everyMs = 1000
/** A thread that has less to do is quiet. */
const quietLoad = 0.2
/** So much more than after the last collection is worth one. */
const worthBytes = 12 * 1024 * 1024
/** Looks that a collection is not repeated for. */
const restLooks = 10

/** MiB of each half-space of new objects in threads made later: their work leaves little garbage. V8 reads this as it makes a heap, so that the
 * main thread keeps what the command line says. */
const threadHalfSpace = 2
/** Garbage that a heap may gather until it is collected, per cent of what was in use; V8 by itself waits for up to three times as much. With less,
 * new calls wait for collections; with more, memory goes on to grow for thousands of calls. */
const garbagePercent = 80

/** Bounds the heaps of this process; to be called before threads are made. */
export function boundHeaps(): void {
  setFlagsFromString(`--max-semi-space-size=${threadHalfSpace}`)
  setFlagsFromString(`--heap-growing-percent=${garbagePercent}`)
}

/** Looks once a second until the timer that it answers is cancelled. */
export function keepHeapSmall(clock: Pick<Clock, 'after'>, heap: HeapPort = ownHeap()): Timer {
  let after = heap.used()
  let rest = 0
  const look = (): void => {
    timer = clock.after(everyMs, look)
    rest -= 1
    const quiet = heap.load() < quietLoad
    if (!quiet || rest > 0 || heap.used() - after < worthBytes) return
    heap.collect()
    after = heap.used()
    rest = restLooks
  }
  let timer = clock.after(everyMs, look)
  return { cancel: () => timer.cancel() }
}

function ownHeap(): HeapPort {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  let before = performance.eventLoopUtilization()
  return {
    used: () => process.memoryUsage().heapUsed,
    load: () => {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      return utilization
    },
    collect: () => {
      if (typeof collect === 'function') collect()
    },
  }
}
