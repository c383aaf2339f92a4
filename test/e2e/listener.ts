// A built-in phone together with everything it heard, for tests that measure.
import { listen, type ToneReport } from '../../demo/phone/ears.ts'
import type { Metronome } from '../../demo/phone/metronome.ts'
import { createPhone, type Phone, type PhoneOptions } from '../../demo/phone/phone.ts'
import { frameSamples, sampleRate } from '../../demo/phone/sound.ts'

export interface Listener {
  readonly phone: Phone
  /** Frames heard so far. */
  readonly count: number
  /** Resolves once it heard that many frames more. */
  hear(frames: number): Promise<void>
  /** The tones in what it heard from frame `from` on, up to frame `to`. */
  tones(frequencies: readonly number[], from?: number, to?: number): ToneReport[]
}

export async function createListener(
  options: Partial<PhoneOptions> & { readonly metronome: Metronome },
): Promise<Listener> {
  const frames: Int16Array[] = []
  const waiting = new Set<() => void>()
  const phone = await createPhone({
    name: 'phone',
    localAddress: '127.0.0.1',
    onFrame({ samples }) {
      frames.push(samples)
      for (const check of waiting) check()
    },
    ...options,
  })
  return {
    phone,
    get count() {
      return frames.length
    },
    hear(more) {
      const wanted = frames.length + more
      const { promise, resolve } = Promise.withResolvers<void>()
      const check = (): void => {
        if (frames.length >= wanted) resolve()
      }
      waiting.add(check)
      return promise.finally(() => waiting.delete(check))
    },
    tones(frequencies, from = 0, to = frames.length) {
      const part = frames.slice(from, to)
      const samples = new Int16Array(part.length * frameSamples)
      part.forEach((frame, index) => {
        samples.set(frame, index * frameSamples)
      })
      return listen(samples, sampleRate, frequencies)
    },
  }
}
