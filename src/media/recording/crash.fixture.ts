// A process that records a tone into a WAV and an Ogg file until it is killed, and prints how many frames were given so far.
import { join } from 'node:path'
import { threadClock } from '../thread-clock.ts'
import { createFileThread } from './file-thread.ts'
import { PushedMix, toneFrames } from './recording.fixture.ts'
import { Recordings } from './recordings.ts'

const directory = process.argv[2] ?? ''
const mix = new PushedMix(16_000)
const recordings = new Recordings({
  thread: createFileThread(),
  now: threadClock.now,
  notify: (notice) => console.error(notice),
})
const start = (recordingId: string, format: 'wav' | 'ogg'): Promise<void> =>
  recordings.start({ recordingId, path: join(directory, `${recordingId}.${format}`), format }, mix)
await Promise.all([start('r', 'wav'), start('s', 'ogg')])
const startedAt = threadClock.now()
const tone = toneFrames(1000, 16_000)
let frames = 0
const tick = (): void => {
  while (frames * 20 < threadClock.now() - startedAt) {
    mix.push(tone())
    frames += 1
  }
  process.stdout.write(`${frames}\n`)
  threadClock.after(10, tick)
}
tick()
