// Why something cannot be played, as it is announced.

export type PlayFailureReason =
  /** No such file, or the server answers 404 or 410. */
  | 'not_found'
  /** The file cannot be read, or the address does not answer. */
  | 'unreachable'
  /** The address, or where it leads to, may not be fetched. */
  | 'refused'
  | 'timeout'
  | 'too_large'
  /** Neither WAV nor MP3 nor Ogg. */
  | 'unknown_format'
  /** A known format in a form that is not played. */
  | 'unsupported'
  | 'damaged'
  | 'engine_failed'

/** Thrown where a source is opened or read; decoders return it. */
export class PlayFailure extends Error {
  readonly reason: PlayFailureReason

  constructor(reason: PlayFailureReason, message: string) {
    super(message)
    this.name = 'PlayFailure'
    this.reason = reason
  }
}
