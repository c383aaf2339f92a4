// Which files a worker is writing, as its owner knows from what was asked and told: what to announce as cut off when the worker dies.
import type { EngineCommand, EngineNotice } from '../engine.ts'
import type { LegSide } from '../recorded-leg.ts'

interface OpenFile {
  readonly recordingId: string
  readonly legId: string | undefined
  readonly side: LegSide | undefined
  readonly path: string
}

export class OpenRecordings {
  readonly #files = new Map<string, OpenFile>()

  /** To be called before the command is sent: its file may end before the reply to it is read. */
  asked(command: EngineCommand): void {
    if (command.kind !== 'recordStart') return
    const { recordingId, path, legId } = command
    const side = 'side' in command ? command.side : undefined
    this.#files.set(path, { recordingId, legId, side, path })
  }

  /** The command was refused. */
  refused(command: EngineCommand): void {
    if (command.kind === 'recordStart') this.#files.delete(command.path)
  }

  told(notice: EngineNotice): void {
    if (notice.kind === 'recordingFinished' || notice.kind === 'recordingFailed') this.#files.delete(notice.file.path)
  }

  /** One notice for each file that was open; none is open any more. */
  cutOff(message: string): EngineNotice[] {
    const open = [...this.#files.values()]
    this.#files.clear()
    return open.map(({ path, ...names }) => {
      const file = { path, bytes: 0, durationMs: 0, sha256: '' }
      return { kind: 'recordingFailed', ...names, reason: 'engine_closed', message, file, lostMs: 0 }
    })
  }
}
