// The rhythm of a media thread over native packet I/O: sleep to the next deadline, take in what has arrived, run what is due, send.
// Between two sleeps Node's own event loop has its turn, and a sleep ends when that loop has work: messages and promises go on as ever.
import type { Clock, Timer } from '../base/time.ts'
import { woken } from './native-addon.ts'
import type { PacketIo } from './packet-io.ts'
import { createNativePacketIo, type NativeCounters, type NativeOptions } from './packet-io-native.ts'
import { threadClock } from './thread-clock.ts'

/** How long datagrams may wait in the kernel; its time stamp says when they came. Fewer turns cost less. */
const gatherMs = 20
/** A deadline nearer than this is slept to in native code, exact to a fraction of a millisecond; a farther one by Node. */
const nearMs = 30
/** Without a near deadline nobody listens; datagrams are taken in so often that nothing old waits for who listens next. */
const idleMs = 50
/** Turns given to Node's event loop per gathering, however much it asks for. */
const maxTurns = 8
/** More is more than Node's timers take. */
const longestTimeoutMs = 2 ** 31 - 1

export interface NativeMedia {
  readonly packetIo: PacketIo
  /** Its timers run after everything that arrived before them was delivered. */
  readonly clock: Clock
  counters(): NativeCounters
}

/** For a thread that does nothing but media: it is blocked while nothing happens. */
export function createNativeMedia(options: Omit<NativeOptions, 'clock'>): NativeMedia {
  const io = createNativePacketIo({ ...options, clock: threadClock })
  const loop = new NativeLoop(io)
  return {
    packetIo: {
      async open(sink, port) {
        const pair = await io.open(sink, port)
        loop.kick()
        return pair
      },
      flush: () => io.flush(),
      sendAlike: (heads, count, payload) => io.sendAlike(heads, count, payload),
      divert: (channel, place) => io.divert(channel, place),
      divertTo: (shortcut) => io.divertTo(shortcut),
      close: () => io.close(),
    },
    clock: { now: threadClock.now, wallMicros: threadClock.wallMicros, after: (ms, run) => loop.after(ms, run) },
    counters: () => io.counters(),
  }
}

interface Deadline {
  readonly at: number
  readonly run: () => void
  cancelled: boolean
}

/** What the loop needs of the packet I/O. */
interface Waited {
  readonly size: number
  receive(): number
  wait(micros: number, watch: number): number
  hold(): void
  release(): void
}

class NativeLoop {
  readonly #io: Waited
  /** Soonest first; there are one or two. */
  readonly #deadlines: Deadline[] = []
  #nextGather = 0
  #turns = 0
  #immediate: NodeJS.Immediate | undefined
  #timeout: NodeJS.Timeout | undefined
  #running = false

  constructor(io: Waited) {
    this.#io = io
  }

  after(ms: number, run: () => void): Timer {
    const deadline = { at: threadClock.now() + ms, run, cancelled: false }
    const later = this.#deadlines.findIndex((other) => other.at > deadline.at)
    this.#deadlines.splice(later < 0 ? this.#deadlines.length : later, 0, deadline)
    this.kick()
    return {
      cancel: () => {
        deadline.cancelled = true
        const index = this.#deadlines.indexOf(deadline)
        if (index >= 0) this.#deadlines.splice(index, 1)
      },
    }
  }

  /** Something changed: decide anew how to wait. */
  kick(): void {
    if (this.#running || this.#immediate) return
    clearTimeout(this.#timeout)
    this.#timeout = undefined
    this.#immediate = setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#immediate = undefined
    this.#timeout = undefined
    this.#running = true
    try {
      this.#run()
    } finally {
      this.#running = false
    }
    this.#rest()
  }

  /** Arms whatever brings the next turn; nothing, when there is neither a deadline nor a socket. */
  #rest(): void {
    const first = this.#deadlines[0]
    const listens = this.#io.size > 0
    const left = first ? first.at - threadClock.now() : Number.POSITIVE_INFINITY
    if (listens && left <= nearMs) this.#immediate = setImmediate(this.#turn)
    else if (listens) this.#timeout = setTimeout(this.#turn, Math.min(idleMs, left - nearMs / 2))
    else if (first) this.#timeout = setTimeout(this.#turn, Math.min(longestTimeoutMs, Math.max(0, left)))
  }

  #run(): void {
    let now = threadClock.now()
    const first = this.#deadlines[0]
    if (first && this.#io.size > 0 && first.at - now <= nearMs) {
      const target = this.#target(first.at, now)
      if (target > now) {
        const watch = this.#turns < maxTurns ? woken.loop : 0
        const reason = this.#io.wait(Math.ceil((target - now) * 1000), watch)
        now = threadClock.now()
        if ((reason & woken.deadline) === 0 && now < target) {
          this.#turns += 1
          return
        }
      }
    }
    this.#turns = 0
    this.#nextGather = now + gatherMs
    this.#io.hold()
    try {
      this.#io.receive()
      this.#runDue()
    } finally {
      this.#io.release()
    }
  }

  /** The deadline, or a gathering well before it. */
  #target(deadline: number, now: number): number {
    // A gathering that was due while Node's loop had its turn is overdue now, not forgotten.
    const gather = Math.max(now, Math.min(this.#nextGather, now + gatherMs))
    return deadline - gather < gatherMs / 2 ? deadline : gather
  }

  /** What was due before this turn; what is armed meanwhile has its turn later. */
  #runDue(): void {
    const now = threadClock.now()
    let due = 0
    while ((this.#deadlines[due]?.at ?? Number.POSITIVE_INFINITY) <= now) due += 1
    for (const deadline of this.#deadlines.splice(0, due)) if (!deadline.cancelled) deadline.run()
  }
}
