import { describe, expect, it } from 'vitest'
import { buildRtcp } from './rtcp.fixture.ts'
import { parseRtcp, rtcpRoom, writeRtcp } from './rtcp.ts'

const block = {
  ssrc: 7,
  fractionLost: 12,
  cumulativeLost: -3,
  highestSequence: 0x1_0005,
  jitter: 80,
  lastReport: 0xffff_0000,
  delay: 65_536,
}
const sender = {
  ntp: { seconds: 3_900_000_000, fraction: 0x8000_0000 },
  timestamp: 4_000_000_000,
  packets: 5,
  octets: 800,
}

describe('RTCP', () => {
  it.each(['', 'a', 'ab', 'abc', 'abcd', 'x'.repeat(255)])(
    'reads back a sender report with a name of %j and goodbye',
    (cname) => {
      const bytes = buildRtcp({ ssrc: 9, sender, block, cname, bye: true })
      expect(bytes.length % 4).toBe(0)
      expect(parseRtcp(bytes)).toEqual([
        { kind: 'senderReport', ssrc: 9, sender, blocks: [block] },
        { kind: 'cname', ssrc: 9, cname },
        { kind: 'bye', sources: [9] },
      ])
    },
  )

  it('leaves nothing of what was in the room, and cuts a name that is too long', () => {
    const room = new Uint8Array(rtcpRoom).fill(0xff)
    const length = writeRtcp({ ssrc: 9, cname: `é${'x'.repeat(300)}` }, room)
    expect(parseRtcp(room.subarray(0, length))).toEqual([
      { kind: 'receiverReport', ssrc: 9, blocks: [] },
      { kind: 'cname', ssrc: 9, cname: `?${'x'.repeat(254)}` },
    ])
    expect(room.subarray(length - 3, length)).toEqual(new Uint8Array(3))
    const longest = writeRtcp({ ssrc: 9, sender, block, cname: 'x'.repeat(255), bye: true }, room)
    expect(longest).toBe(rtcpRoom)
  })

  it('reads back a receiver report without blocks', () => {
    expect(parseRtcp(buildRtcp({ ssrc: 9, cname: 'a' }))).toEqual([
      { kind: 'receiverReport', ssrc: 9, blocks: [] },
      { kind: 'cname', ssrc: 9, cname: 'a' },
    ])
  })

  it('skips packets of unknown type inside a compound', () => {
    const report = buildRtcp({ ssrc: 9, cname: 'a' })
    const bytes = Uint8Array.from([...report, 0x80, 207, 0, 1, 1, 2, 3, 4])
    expect(parseRtcp(bytes)).toHaveLength(2)
  })

  it('accepts padding in the last packet only', () => {
    const report = [0x80, 201, 0, 1, 0, 0, 0, 9]
    const padded = [0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4]
    expect(parseRtcp(Uint8Array.from([...report, ...padded]))).toHaveLength(2)
    expect(parseRtcp(Uint8Array.from([...padded, ...report]))).toBe('padding')
  })

  it.each([
    ['short', [0x80, 201, 0, 0]],
    ['version', [0x00, 201, 0, 1, 0, 0, 0, 9]],
    ['first', [0x81, 203, 0, 1, 0, 0, 0, 9]],
    ['length', [0x80, 201, 0, 9, 0, 0, 0, 9]],
    ['length', [0x80, 201, 0, 1, 0, 0, 0, 9, 0x80]],
    ['padding', [0xa0, 201, 0, 1, 0, 0, 0, 9]],
  ])('refuses a bad %s', (defect, bytes) => {
    expect(parseRtcp(Uint8Array.from(bytes))).toBe(defect)
  })
})
