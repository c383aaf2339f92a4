// What every codec is given: a received payload. The contract itself is in `wide-codec.ts`; `codecs.ts` lists who keeps it.

/** A received payload in storage that may be longer than it. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly length: number
}
