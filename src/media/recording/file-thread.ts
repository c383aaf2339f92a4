// The file thread as the engine sees it: started with the first recording or play, and again after it died.
import { Worker } from 'node:worker_threads'
import { OperationalError } from '../../base/errors.ts'
import type { FromFileThread, ToFileThread } from './file-message.ts'

export interface FileThreadOptions {
  /** URL of a module that exports `fetchMedia: Fetch`, which decides what may be fetched; without it no addresses are played. */
  readonly fetchModule?: string | undefined
}

export interface FileThreadListener {
  receive(message: FromFileThread): void
  /** It died, and with it everything that was open. */
  died(reason: string): void
}

/** Where recordings are written and played files are decoded. */
export interface FileThread {
  listen(listener: FileThreadListener): void
  /** Throws OperationalError once it is closed. */
  post(message: ToFileThread): void
  /** Starts it ahead of need. */
  warm(): void
  /** Finishes every open recording, then ends the thread. */
  close(): Promise<void>
}

export function createFileThread(options: FileThreadOptions = {}): FileThread {
  return new WorkerFileThread(options)
}

class WorkerFileThread implements FileThread {
  readonly #options: FileThreadOptions
  readonly #listeners: FileThreadListener[] = []
  #worker: Worker | undefined
  #closing: Promise<void> | undefined

  constructor(options: FileThreadOptions) {
    this.#options = options
  }

  listen(listener: FileThreadListener): void {
    this.#listeners.push(listener)
  }

  warm(): void {
    if (!this.#closing) this.#worker ??= this.#start()
  }

  post(message: ToFileThread): void {
    if (this.#closing) throw new OperationalError('The file thread is closed.')
    this.warm()
    this.#worker?.postMessage(message)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    await new Promise<void>((resolve) => {
      worker.on('message', (message: FromFileThread) => {
        if (message.kind === 'closed') resolve()
      })
      worker.once('exit', () => resolve())
      worker.postMessage({ kind: 'close' } satisfies ToFileThread)
    })
    await worker.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./file-thread-entry.ts', import.meta.url), {
      workerData: this.#options,
      name: 'audio-files',
    })
    let reason = 'the thread ended'
    worker.on('message', (message: FromFileThread) => {
      for (const listener of this.#listeners) listener.receive(message)
    })
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      if (this.#closing) return
      for (const listener of this.#listeners) listener.died(reason)
    })
    return worker
  }
}
