// The version of a session's description (RFC 3264 §5, §8): it grows by one when the description changes, and only then.

export interface VersionedDescription {
  readonly version: number
  readonly text: string
}

/**
 * Makes the next description of a session. `write` must give the same text for the same version; it is asked with the previous version first,
 * and again with the next one when the text differs.
 */
export function revise(
  previous: VersionedDescription | undefined,
  write: (version: number) => string,
): VersionedDescription {
  if (previous === undefined) return { version: 1, text: write(1) }
  if (write(previous.version) === previous.text) return previous
  const version = previous.version + 1
  return { version, text: write(version) }
}
