// The ringing tone for a caller who is up while another phone rings: ITU-T E.180, one second of 425 Hz every five.
import type { Clock, Timer } from '../base/time.ts'
import type { MediaEngine } from '../media/engine.ts'
import type { LiveCall } from './live-call.ts'

const tone = { frequency: 425, durationMs: 1000, levelDbov: -20 }
/** Takes the place of a tone that sounds still. */
const hush = { frequency: 425, durationMs: 20, levelDbov: -127 }
const everyMs = 5_000

/** Begins now; answers how to stop it, which resolves when nothing sounds any more. */
export function ringback(call: LiveCall, engine: MediaEngine, clock: Clock): () => Promise<void> {
  let timer: Timer | undefined
  let sounding = false
  const play = (sound: typeof tone): Promise<void> =>
    engine.request({ kind: 'tone', legId: call.legId, tone: sound }).catch(() => undefined)
  const ring = (): void => {
    if (call.ended.aborted) return
    timer = clock.after(everyMs, ring)
    sounding = true
    void play(tone).then(() => {
      sounding = false
    })
  }
  ring()
  return async () => {
    timer?.cancel()
    timer = undefined
    if (sounding && !call.ended.aborted) await play(hush)
  }
}
