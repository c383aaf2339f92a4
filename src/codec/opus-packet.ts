// What an Opus packet says without being decoded (RFC 6716 §3, §4.2.3): its duration, and whether it repeats the audio before it.
import type { Payload } from './wide-codec.ts'

/** Durations count in 2.5 ms; a packet holds 120 ms at most (§3.2.5, R5). */
const longest = 48
const silkDurations = Uint8Array.from([4, 8, 16, 24])
const celtDurations = Uint8Array.from([1, 2, 4, 8])
/** Configurations from here on are CELT alone; from 12 on hybrid. */
const celt = 16
const hybrid = 12

function frameDuration(toc: number): number {
  const configuration = toc >> 3
  if (configuration >= celt) return celtDurations[configuration & 3] ?? 0
  if (configuration >= hybrid) return (configuration & 1) === 0 ? 4 : 8
  return silkDurations[configuration & 3] ?? 0
}

function frameCount(payload: Payload): number {
  const code = (payload.bytes[0] ?? 0) & 3
  if (code === 0) return 1
  if (code < 3) return 2
  return payload.length < 2 ? 0 : (payload.bytes[1] ?? 0) & 63
}

/** Duration of a packet in units of 2.5 ms; 0 when it is none. */
export function opusDuration(payload: Payload): number {
  if (payload.length === 0) return 0
  const duration = frameDuration(payload.bytes[0] ?? 0) * frameCount(payload)
  return duration > longest ? 0 : duration
}

/** Duration of each of its frames in units of 2.5 ms. */
export const opusFrameDuration = (payload: Payload): number => frameDuration(payload.bytes[0] ?? 0)

/** Octets that a frame length at `at` takes (§3.2.1); 0 when the frame is empty. */
function lengthOctets(payload: Payload, at: number): number {
  if (at >= payload.length || payload.bytes[at] === 0) return 0
  return (payload.bytes[at] ?? 0) < 252 ? 1 : 2
}

/** Where the first frame begins; 0 when it is empty or nowhere. */
function firstFrame(payload: Payload): number {
  const code = (payload.bytes[0] ?? 0) & 3
  if (code < 2) return 1
  if (code === 2) return lengthOctets(payload, 1) === 0 ? 0 : 1 + lengthOctets(payload, 1)
  const flags = payload.bytes[1] ?? 0
  let at = 2
  if ((flags & 0x40) !== 0) {
    while (at < payload.length && payload.bytes[at] === 255) at += 1
    at += 1
  }
  // Variable lengths precede the frames, one for each but the last.
  if ((flags & 0x80) === 0) return at
  if (lengthOctets(payload, at) === 0 && (flags & 63) > 1) return 0
  for (let count = 1; count < (flags & 63); count += 1) at += Math.max(1, lengthOctets(payload, at))
  return at
}

/** Does its first frame carry a low bit-rate copy of the frame before? (LBRR, §4.2.3 to §4.2.5) */
export function opusRepeats(payload: Payload): boolean {
  if (payload.length < 2) return false
  const toc = payload.bytes[0] ?? 0
  if (toc >> 3 >= celt) return false
  const at = firstFrame(payload)
  if (at === 0 || at >= payload.length) return false
  // Each channel begins with a voice flag per 20 ms and then the flag of the copy.
  const header = payload.bytes[at] ?? 0
  const voiceFlags = Math.max(1, frameDuration(toc) >> 3)
  if (((header >> (7 - voiceFlags)) & 1) === 1) return true
  return (toc & 4) !== 0 && ((header >> (6 - 2 * voiceFlags)) & 1) === 1
}
