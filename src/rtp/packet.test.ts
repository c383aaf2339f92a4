import { describe, expect, it } from 'vitest'
import { headerLength, looksLikeRtcp, PacketView, writeHeader } from './packet.ts'

const header = { marker: true, payloadType: 96, sequence: 65_535, timestamp: 4_294_967_295, ssrc: 0xdeadbeef }

describe('RTP packet', () => {
  it('reads back what was written', () => {
    const bytes = new Uint8Array(headerLength + 3)
    expect(writeHeader(bytes, header)).toBe(12)
    const view = new PacketView()
    expect(view.parse(bytes)).toBeUndefined()
    expect(view).toMatchObject({ ...header, csrcCount: 0, extensionProfile: -1, payloadOffset: 12, payloadLength: 3 })
  })

  it('finds the payload behind contributing sources and an extension, and before padding', () => {
    const bytes = Uint8Array.from([
      ...[0xb2, 0x08, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
      ...[0, 0, 0, 4, 0, 0, 0, 5],
      ...[0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0],
      ...[7, 8, 9, 0, 0, 3],
    ])
    const view = new PacketView()
    expect(view.parse(bytes)).toBeUndefined()
    expect([view.csrc(0), view.csrc(1), view.csrc(2)]).toEqual([4, 5, 0])
    expect(view).toMatchObject({
      marker: false,
      payloadType: 8,
      extensionProfile: 0xbede,
      extensionOffset: 24,
      extensionLength: 4,
    })
    expect([...bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength)]).toEqual([7, 8, 9])
  })

  it.each([
    ['short', [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['version', [0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['csrc', [0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['extension', [0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['extension', [0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['padding', [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['padding', [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]],
  ])('refuses a bad %s', (defect, bytes) => {
    expect(new PacketView().parse(Uint8Array.from(bytes))).toBe(defect)
  })

  it('tells RTCP from RTP with a marker by the second byte', () => {
    expect(looksLikeRtcp(Uint8Array.of(0x80, 200))).toBe(true)
    expect(looksLikeRtcp(Uint8Array.of(0x80, 0x80 | 0))).toBe(false)
    expect(looksLikeRtcp(Uint8Array.of(0x80, 0x80 | 101))).toBe(false)
  })
})
