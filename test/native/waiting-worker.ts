// A thread that blocks in the addon's wait for up to a second at a time, as a media worker does; answers a message with what ended the last wait.
import { parentPort } from 'node:worker_threads'
import { loadNativeAddon, woken } from '../../src/media/native-addon.ts'

const { addon } = loadNativeAddon()
const handle = addon?.create() ?? -1
addon?.open(handle, '127.0.0.1', 0, 0, 0)
let last: number | undefined

function turn(): void {
  last = addon?.wait(handle, 1_000_000, woken.loop)
  setImmediate(turn)
}

parentPort?.on('message', () => parentPort?.postMessage({ last }))
setImmediate(turn)
