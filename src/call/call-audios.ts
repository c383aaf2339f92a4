// The audio of all calls that are alive, made when it is first asked for; notices of the engine find theirs here.
import type { EngineNotice } from '../media/engine.ts'
import type { CallRow } from '../schema/rows.ts'
import { type AudibleLeg, LegAudio, type LegAudioOptions, legOf } from './call-audio.ts'

/** A call as its audio needs it. */
export interface AudibleCall extends AudibleLeg {
  onInfo(listener: (contentType: string, body: string) => void): () => void
  /** Its row, every change of which is written and told by `call_<word>`. */
  readonly record: { write(set: Partial<CallRow>, words: readonly string[]): void }
}

export interface CallAudiosOptions extends Pick<LegAudioOptions<AudibleCall>, 'engine' | 'now' | 'resolve' | 'tune'> {
  /** Timestamps of the API that never repeat. */
  readonly timestamp: () => string
}

export class CallAudios {
  readonly #options: LegAudioOptions<AudibleCall>
  readonly #legs = new Map<string, LegAudio<AudibleCall>>()

  constructor({ timestamp, ...options }: CallAudiosOptions) {
    this.#options = {
      ...options,
      muted: (call, mute_direction) => call.record.write({ mute_direction, tm_update: timestamp() }, ['updated']),
      over: (call) => this.#legs.delete(call.legId),
    }
  }

  /** The same for the same call, as long as it lives. */
  of(call: AudibleCall): LegAudio<AudibleCall> {
    const known = this.#legs.get(call.legId)
    if (known !== undefined) return known
    const audio = new LegAudio(call, this.#options)
    if (call.ended.aborted) return audio
    this.#legs.set(call.legId, audio)
    call.onInfo((contentType, body) => audio.onInfo(contentType, body))
    return audio
  }

  /** Every notice of the engine; those of calls whose audio nobody asked for are dropped. */
  onNotice(notice: EngineNotice): void {
    const legId = legOf(notice)
    if (legId !== undefined) this.#legs.get(legId)?.onNotice(notice)
  }
}
