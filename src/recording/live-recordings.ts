// The recordings that are alive, found by what is recorded, and by what a notice of the engine is about.
import type { EngineNotice } from '../media/engine.ts'
import type { LiveRecording } from './live-recording.ts'

export class LiveRecordings {
  readonly #bySubject = new Map<string, LiveRecording>()
  readonly #byId = new Map<string, LiveRecording>()
  readonly #byLeg = new Map<string, LiveRecording>()

  of(subjectId: string): LiveRecording | undefined {
    return this.#bySubject.get(subjectId)
  }

  all(): LiveRecording[] {
    return [...this.#byId.values()]
  }

  add(recording: LiveRecording): void {
    this.#bySubject.set(recording.subject.id, recording)
    this.#byId.set(recording.row.id, recording)
    if (recording.legId !== undefined) this.#byLeg.set(recording.legId, recording)
  }

  remove(recording: LiveRecording): void {
    this.#byId.delete(recording.row.id)
    if (this.#bySubject.get(recording.subject.id) === recording) this.#bySubject.delete(recording.subject.id)
    const { legId } = recording
    if (legId !== undefined && this.#byLeg.get(legId) === recording) this.#byLeg.delete(legId)
  }

  about(notice: EngineNotice): LiveRecording | undefined {
    // The engine's name of a recording is its id, a point and a number.
    if ('recordingId' in notice) return this.#byId.get(notice.recordingId.split('.', 1)[0] ?? '')
    return notice.kind === 'talking' || notice.kind === 'digit' ? this.#byLeg.get(notice.legId) : undefined
  }
}
