// What the calls bench asks of whoever answers: Partyline, another checkout of it, or SIPp.

export interface Answerer {
  /** Process to be measured, with its threads and children. */
  readonly pid: number
  /** Destinations in turn: one per conference. */
  readonly uris: readonly string[]
  stop(): Promise<void>
  /** What was written down of the calls; to be asked once stopped. Undefined for who writes nothing down. */
  written(): Written | undefined
  /** The end of what it said, to explain a failure. */
  lastWords(): string
}

/** What the store holds of each call once the server is gone. */
export interface Written {
  /** Milliseconds since 1970 at which the call was in the mix, by Call-ID. */
  readonly joinedAt: ReadonlyMap<string, number>
  /** Call-IDs whose call is stored as ended by the far end in the ordinary way, and whose participant has left. */
  readonly ended: ReadonlySet<string>
}
