// Recordings over a desk in this thread, on a virtual clock.
import { FileDesk, type FileDeskSettings } from './file-desk.ts'
import type { FileThread, FileThreadListener } from './file-thread.ts'
import type { PushedMix } from './recording.fixture.ts'
import { type RecordingNotice, Recordings } from './recordings.ts'

/** Recordings over a desk in this thread. Time passes only when a test says so; timers of the desk fire then. */
export class Studio {
  now = 0
  readonly notices: RecordingNotice[] = []
  readonly recordings: Recordings
  #timers: { at: number; run: () => void }[] = []

  constructor(createFile?: FileDeskSettings['createFile']) {
    const listeners: FileThreadListener[] = []
    const desk = new FileDesk({
      clock: {
        now: () => this.now,
        after: (ms, run) => {
          const timer = { at: this.now + ms, run }
          this.#timers.push(timer)
          return {
            cancel: () => {
              this.#timers = this.#timers.filter((other) => other !== timer)
            },
          }
        },
      },
      post: (message) => {
        for (const listener of listeners) listener.receive(message)
      },
      random: () => 0.25,
      ...(createFile ? { createFile } : {}),
    })
    const thread: FileThread = {
      listen: (listener) => void listeners.push(listener),
      post: (message) => void desk.handle(message),
      warm: () => undefined,
      close: () => desk.handle({ kind: 'close' }),
    }
    this.recordings = new Recordings({ thread, now: () => this.now, notify: (notice) => this.#notice(notice) })
  }

  #waiting: (() => void)[] = []

  #notice(notice: RecordingNotice): void {
    this.notices.push(notice)
    for (const resume of this.#waiting.splice(0)) resume()
  }

  /** Comes back once there were so many notices. */
  async told(count: number): Promise<void> {
    while (this.notices.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** A tick; every so often the desk gets its turn. */
  async tick(mix: PushedMix, frame: Int16Array | undefined): Promise<void> {
    this.now += 20
    mix.push(frame)
    await this.settle()
  }

  async settle(): Promise<void> {
    const due = this.#timers.filter(({ at }) => at <= this.now)
    if (due.length === 0) return
    this.#timers = this.#timers.filter(({ at }) => at > this.now)
    for (const { run } of due) run()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
