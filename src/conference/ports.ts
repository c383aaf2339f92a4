// What the focus asks of the layers around it.

/** A call's media leg, as far as a conference is concerned. */
export interface Phone {
  readonly legId: string
  /** Aborted when the call is over. */
  readonly ended: AbortSignal
  /** Answers the call if it is not up yet. */
  answer(): Promise<void>
}

/** The calls that are alive. */
export interface Phones {
  phone(callId: string): Phone | undefined
}

/** The mixer, as far as a conference is concerned; each promise resolves once it is so. */
export interface Mixer {
  join(legId: string, mixId: string): Promise<void>
  leave(legId: string): Promise<void>
}
