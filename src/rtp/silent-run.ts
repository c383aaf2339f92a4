// A run of packets of digital silence in order, one received and one played per frame: so little happens in it that numbers in a table can stand
// for all the objects that otherwise look at a packet. This is what those objects hand over when it begins and take back when it ends.
import { SilentOctets } from '../dsp/silent-octets.ts'

/** Packets that may wait to be played in a run, some 300 ms of them; one less than a power of two. */
export const mostWaiting = 15

/** Filled in and read by one after the other, and used again; times are monotonic milliseconds, timestamps and SSRC unsigned 32-bit numbers. */
export class SilentRun {
  ssrc = 0
  payloadType = 0
  payloadLength = 0
  silence = new SilentOctets(0, 0)
  clockRate = 0
  /** That a packet lasts, of the RTP clock. */
  units = 0
  /** Frames after which it has to end. */
  frames = 0
  /** Of the packet that comes next. */
  sequence = 0
  timestamp = 0
  /** Packets waiting to be played, and when they came, oldest first. */
  waiting = 0
  readonly arrivals = new Float64Array(mostWaiting)
  /** When the next packet would come were it as quick as the one from which transit times are counted. */
  originMs = 0.5
  /** RFC 3550 §A.8, units of the RTP clock: transit of the last packet, and the jitter. */
  transit = 0
  jitter = 0.5
  /** What happened in it. */
  received = 0
  played = 0
  leastTransitMs = 0.5
  mostTransitMs = 0.5
  leastMarginMs = 0.5
  /** When the last packet came, when the last one that was played had come, and when it was played. */
  lastArrival = 0.5
  playedArrival = 0.5
  playedAt = 0.5
}
