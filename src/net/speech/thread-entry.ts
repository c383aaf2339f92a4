// Entry of the speech thread: says scripts and converts audio, a piece of each in turn, off the thread that answers phones.
import { readlinkSync } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { basename } from 'node:path'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { Bug, classify, OperationalError } from '../../base/errors.ts'
import { compose, levelled, type Say } from './compose.ts'
import { sayWithEspeak } from './espeak.ts'
import { FliteVoice } from './flite-voice.ts'
import type { LocalVoice, SpeechAnswer, SpeechJob, SpeechThreadData } from './thread-message.ts'
import { encodeWav } from './wav-bytes.ts'

if (isMainThread || !parentPort) throw new Bug('The speech thread must not be loaded in the main thread.')
const port = parentPort
const { directory } = workerData as SpeechThreadData
const flite = new FliteVoice(directory)

/** Where a core is shared with the mixer, the mixer goes first. Linux has a priority for each thread, by its id; elsewhere nothing happens. */
function stepBack(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // No such file, or no such right: then all are equal.
  }
}

function sayer(by: LocalVoice, cancelled: Int32Array): Say {
  return (text, manner) => {
    if (Atomics.load(cancelled, 0) !== 0) throw new OperationalError('nobody waits for it any more')
    return by.kind === 'flite' ? flite.say(text, by.voice, manner) : sayWithEspeak(text, by, manner)
  }
}

async function samplesOf({ work, cancelled }: SpeechJob): Promise<Int16Array> {
  if (work.kind === 'convert') {
    const { decodeAudio } = await import('./any-audio.ts')
    return levelled(await decodeAudio(work.bytes, work.from))
  }
  return compose(work.script, sayer(work.by, new Int32Array(cancelled)))
}

async function handle(job: SpeechJob): Promise<SpeechAnswer['failure']> {
  try {
    await writeFile(job.path, encodeWav(await samplesOf(job)))
    return undefined
  } catch (error) {
    const { kind, message } = classify(error)
    return { user: kind === 'user', message }
  }
}

// Threads inherit their priority: those that all of the process shares for its files are to be there before.
await access(import.meta.filename)
stepBack()
port.on('message', (job: SpeechJob) => {
  void handle(job).then((failure) => port.postMessage({ id: job.id, failure } satisfies SpeechAnswer))
})
