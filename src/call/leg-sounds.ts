// The simplest sounds of a leg: its own voice back, and a beep.
import type { Clock } from '../base/time.ts'
import type { MediaEngine } from '../media/engine.ts'

export interface SoundingLeg {
  readonly legId: string
  /** Aborted when the call is over, and the leg closed. */
  readonly ended: AbortSignal
}

const beepTone = { frequency: 1000, durationMs: 500, levelDbov: -16 }

/** Sends the phone its own audio for a while; aborting ends it early. */
export async function echoTo(
  { legId, ended }: SoundingLeg,
  { engine, clock }: { readonly engine: MediaEngine; readonly clock: Clock },
  { durationMs, signal }: { readonly durationMs: number; readonly signal: AbortSignal },
): Promise<void> {
  await engine.request({ kind: 'echo', legId, on: true })
  await new Promise<void>((resolve) => {
    const timer = clock.after(durationMs, resolve)
    const stop = (): void => {
      timer.cancel()
      resolve()
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  if (!ended.aborted) await engine.request({ kind: 'echo', legId, on: false })
}

export async function beepTo({ legId }: SoundingLeg, engine: MediaEngine): Promise<void> {
  await engine.request({ kind: 'tone', legId, tone: beepTone })
}
