// The phones' beat: one deadline every 20 ms, spread over slots so that a crowd of phones does not send in one burst.
// Deadlines are start + n × interval, so lateness never adds up; missed beats are made up for at once.
import { performance } from 'node:perf_hooks'

export const frameMs = 20

export interface Metronome {
  /** Calls `beat` every 20 ms from now on; returns the stop function. */
  join(beat: () => void): () => void
  /** Largest lateness of a beat since it was asked for last, in milliseconds: how long this process was held up. */
  takeLateness(): number
  close(): void
}

const slots = 5

export function createMetronome(): Metronome {
  const members: Set<() => void>[] = Array.from({ length: slots }, () => new Set())
  const interval = frameMs / slots
  let joined = 0
  let beats = 0
  let start = 0
  let worstLateness = 0
  let timer: NodeJS.Timeout | undefined

  function tick(): void {
    const now = performance.now()
    while (start + beats * interval <= now) {
      worstLateness = Math.max(worstLateness, now - (start + beats * interval))
      for (const beat of members[beats % slots] ?? []) beat()
      beats += 1
    }
    timer = setTimeout(tick, Math.max(0, start + beats * interval - performance.now()))
  }

  return {
    join(beat) {
      const slot = members[joined % slots]
      joined += 1
      slot?.add(beat)
      if (timer === undefined) {
        start = performance.now()
        beats = 0
        tick()
      }
      return () => {
        slot?.delete(beat)
        if (members.some((set) => set.size > 0)) return
        clearTimeout(timer)
        timer = undefined
      }
    },
    takeLateness() {
      const worst = worstLateness
      worstLateness = 0
      return worst
    },
    close() {
      clearTimeout(timer)
      timer = undefined
      for (const set of members) set.clear()
    },
  }
}
