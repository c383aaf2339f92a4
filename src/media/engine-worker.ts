// Entry of the media worker: an engine of its own, commanded by messages from the main thread. Only messages cross, never audio.
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { Bug } from '../base/errors.ts'
import type { EngineOptions } from './engine.ts'
import { createInThreadEngine, type InThreadEngine } from './in-thread-engine.ts'
import { loadNativeAddon } from './native-addon.ts'
import { createNativeMedia } from './native-loop.ts'
import { type FromWorker, type ToWorker, toPlainError } from './worker-message.ts'

if (isMainThread || !parentPort) throw new Bug('The media worker must not be loaded in the main thread.')
const port = parentPort
const options = workerData as EngineOptions
const native = loadNativeAddon()
const media = native.addon && createNativeMedia({ ...options, start: Math.random(), addon: native.addon })
const packetIo = native.addon ? 'native' : `node:dgram (${native.reason})`
const engine = createInThreadEngine(options, media ? { clock: media.clock, packetIo: media.packetIo } : {})

const post = (message: FromWorker): void => port.postMessage(message)

async function answer(message: ToWorker, from: InThreadEngine): Promise<unknown> {
  if (message.kind === 'request') return from.request(message.command)
  if (message.kind === 'load') return { ...from.load(), cpu: process.threadCpuUsage() }
  return from.close()
}

engine.onNotice((notice) => post({ kind: 'notice', notice }))
port.on('message', (message: ToWorker) => {
  answer(message, engine).then(
    (value) => {
      post({ kind: 'reply', id: message.id, value })
      if (message.kind === 'close') port.close()
    },
    (error: unknown) => post({ kind: 'failure', id: message.id, error: toPlainError(error) }),
  )
})
post({ kind: 'ready', packetIo })
