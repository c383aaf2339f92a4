// How a leg is left to itself: a phone that sends digital silence and hears what all hear needs nobody to look at its packets one by one.
// What the leg hands over when its rest begins, and takes back when it ends.
import { SilentRun } from '../rtp/silent-run.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import type { LegFormat } from './leg-format.ts'
import type { PortPair } from './packet-io.ts'

/** Both ways of a leg at rest. One is enough for a thread: it is filled in and read at once. */
export class Rest extends SilentRun {
  /** From where to where it sends, and what the next packet's header says; timestamp and SSRC as unsigned 32-bit numbers. */
  ports: PortPair | undefined
  to: Endpoint = { address: '', port: 0 }
  /** See `PortPair.channel`. */
  channel = 0
  sendPayloadType = 0
  sendSequence = 0
  sendTimestamp = 0
  sendSsrc = 0
  /** Packets sent meanwhile. */
  sent = 0
}

/** Whoever can be left to itself. */
export interface Restful {
  /** What it is sent in. */
  readonly format: LegFormat | undefined
  /** Its place among those at rest, −1 while it is awake. For whoever keeps the places to set. */
  place: number
  /**
   * Asked after it was pushed a frame that all share, in a tick in which it said nothing. Fills in everything and returns true when until
   * further notice nothing is to be done for it but to take and send packets; or returns false and stays awake. `now` in monotonic milliseconds.
   */
  rest(rest: Rest, now: number): boolean
  /** Its rest is over. */
  resume(rest: Rest): void
}
