// What the capacity bench asks of a server under test, whichever it is.

export type BenchCodec = 'PCMU' | 'Opus'

/** A participant's place in a conference, as the server answered it. */
export interface Seat {
  /** Where the server receives this participant's RTP. */
  readonly address: string
  readonly port: number
  readonly payloadType: number
  leave(): Promise<void>
}

export interface Bridge {
  /** Process to be measured, with its threads and children. */
  readonly pid: number
  openConference(): Promise<string>
  /** Joins a participant that sends from and listens on `localPort` of 127.0.0.1. */
  join(conference: string, localPort: number): Promise<Seat>
  stop(): Promise<void>
  /** The end of what it wrote, to explain a failure. */
  lastWords(): string
}

export const loopback = '127.0.0.1'
