// Who is told what happens to a call.

/** Moments of a call's life, told as they happen; its end is told by `ended`. */
export type CallMoment = 'alerting' | 'answered' | 'earlyMedia'

export class CallListeners {
  readonly #moments = new Set<(moment: CallMoment) => void>()
  readonly #infos = new Set<(contentType: string, body: string) => void>()

  onMoment(listener: (moment: CallMoment) => void): () => void {
    this.#moments.add(listener)
    return () => void this.#moments.delete(listener)
  }

  onInfo(listener: (contentType: string, body: string) => void): () => void {
    this.#infos.add(listener)
    return () => void this.#infos.delete(listener)
  }

  /** A listener may stop listening, or others begin to, while they are told. */
  moment(moment: CallMoment): void {
    for (const listener of [...this.#moments]) listener(moment)
  }

  info(contentType: string, body: string): void {
    for (const listener of [...this.#infos]) listener(contentType, body)
  }
}
