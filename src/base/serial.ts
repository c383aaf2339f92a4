// Serial number arithmetic (RFC 1982): order of wrapping counters such as RTP sequence numbers and timestamps.

/** Signed distance from `from` to `to` modulo 2^16; positive when `to` is newer. */
export const distance16 = (from: number, to: number): number => ((to - from) << 16) >> 16

/** Signed distance from `from` to `to` modulo 2^32; positive when `to` is newer. */
export const distance32 = (from: number, to: number): number => (to - from) | 0
