import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeHeader } from './packet.ts'
import { createSrtpContext, mostSources, type SrtpContext } from './srtp.ts'
import { estimateIndex, ReplayWindow, windowLength } from './srtp-index.ts'
import type { SrtpKeys } from './srtp-key-derivation.ts'
import { allSuites, protectionRoom, type SrtpSuite, suiteFacts } from './srtp-suite.ts'

const keysOf = (suite: SrtpSuite, seed = 1): SrtpKeys => ({
  suite,
  masterKey: new Uint8Array(suiteFacts[suite].keyLength).map((_, at) => at * 11 + seed),
  masterSalt: new Uint8Array(suiteFacts[suite].saltLength).map((_, at) => at * 17 + seed),
})

/** Payload octets say which packet it is, so that what comes out can be told apart. */
function rtp(sequence: number, { ssrc = 0xf00d_0001, payload = 160 } = {}): Uint8Array {
  const packet = new Uint8Array(12 + payload + protectionRoom)
  writeHeader(packet, { marker: false, payloadType: 0, sequence, timestamp: (sequence * 160) >>> 0, ssrc })
  for (let at = 0; at < payload; at += 1) packet[12 + at] = sequence + at
  return packet.subarray(0)
}

function rtcp(seed: number, ssrc = 0xf00d_0001): Uint8Array {
  const packet = new Uint8Array(28 + protectionRoom)
  packet.set([0x80, 200, 0, 6, ssrc >>> 24, ssrc >>> 16, ssrc >>> 8, ssrc])
  packet.fill(seed, 8, 28)
  return packet
}

function sealed(context: SrtpContext, sequence: number, options?: Parameters<typeof rtp>[1]): Uint8Array {
  const packet = rtp(sequence, options)
  return packet.subarray(0, context.protectRtp(packet, packet.length - protectionRoom))
}

const open = (context: SrtpContext, packet: Uint8Array): string => {
  const copy = packet.slice()
  const result = context.unprotectRtp(copy, copy.length)
  return result.ok ? 'ok' : result.reason
}

describe.each(allSuites)('%s', (suite) => {
  const pair = () => ({ sender: createSrtpContext(keysOf(suite)), receiver: createSrtpContext(keysOf(suite)) })

  it('gives back what was sent, whatever its length, in order', () => {
    const { sender, receiver } = pair()
    for (const [sequence, payload] of [160, 0, 1, 15, 16, 17, 480, 1440, 160, 80].entries()) {
      const plain = rtp(sequence, { payload })
      const packet = sealed(sender, sequence, { payload })
      expect(packet.length).toBe(12 + payload + sender.rtpOverhead)
      if (payload > 15) expect(packet.subarray(12, 12 + payload)).not.toEqual(plain.subarray(12, 12 + payload))
      expect(receiver.unprotectRtp(packet, packet.length)).toEqual({ ok: true, length: 12 + payload })
      expect(packet.subarray(0, 12 + payload)).toEqual(plain.subarray(0, 12 + payload))
    }
  })

  it('leaves contributing sources and a header extension readable', () => {
    const { sender, receiver } = pair()
    const packet = rtp(7)
    packet[0] = 0x92
    packet.set([0xbe, 0xde, 0, 1, 1, 2, 3, 4], 20)
    const plain = packet.slice(0, 172)
    const length = sender.protectRtp(packet, 172)
    expect(packet.subarray(0, 28)).toEqual(plain.subarray(0, 28))
    expect(packet.subarray(28, 172)).not.toEqual(plain.subarray(28))
    expect(receiver.unprotectRtp(packet, length).ok).toBe(true)
    expect(packet.subarray(0, 172)).toEqual(plain)
  })

  it('refuses a packet with any octet changed, and leaves it as it was', () => {
    const { sender, receiver } = pair()
    const packet = sealed(sender, 1000, { payload: 40 })
    for (let at = 0; at < packet.length; at += 1) {
      const changed = packet.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x10
      const before = changed.slice()
      const result = receiver.unprotectRtp(changed, changed.length)
      expect(result.ok).toBe(false)
      expect(changed).toEqual(before)
    }
    expect(open(receiver, packet.subarray(0, packet.length - 1))).toBe('auth')
    expect(open(createSrtpContext(keysOf(suite, 2)), packet)).toBe('auth')
    expect(open(receiver, packet)).toBe('ok')
  })

  it('takes a packet once', () => {
    const { sender, receiver } = pair()
    const packets = [10, 11, 12].map((sequence) => sealed(sender, sequence))
    expect(packets.map((packet) => open(receiver, packet))).toEqual(['ok', 'ok', 'ok'])
    expect(packets.map((packet) => open(receiver, packet))).toEqual(['replay', 'replay', 'replay'])
  })

  it('does not let a forged packet move the window or the rollover counter', () => {
    const { sender, receiver } = pair()
    expect(open(receiver, sealed(sender, 65_000))).toBe('ok')
    const ahead = rtp(20_000)
    expect(open(receiver, ahead.subarray(0, 172 + sender.rtpOverhead))).toBe('auth')
    expect(open(receiver, sealed(sender, 65_001))).toBe('ok')
  })

  it('follows five wraps of the sequence number, with reordering, loss and duplicates around them', () => {
    const { sender, receiver } = pair()
    const sent: { index: number; packet: Uint8Array }[] = []
    const send = (index: number) => sent.push({ index, packet: sealed(sender, index & 0xffff, { payload: 20 }) })
    for (let wrap = 65_536; wrap <= 5 * 65_536; wrap += 65_536) {
      for (let index = wrap - 300; index < wrap + 300; index += 1) send(index)
      for (let index = wrap + 5_000; index < wrap + 65_000; index += 5_000) send(index)
    }
    const arriving = sent
      .map((entry, at) => ({ ...entry, due: at + ((entry.index + 200) % 65_536 < 400 ? (at * 37) % 90 : 0) }))
      .filter((_, at) => at % 13 !== 5)
      .sort((one, other) => one.due - other.due)
    let taken = 0
    for (const { index, packet } of arriving) {
      const copy = packet.slice()
      const result = receiver.unprotectRtp(copy, copy.length)
      expect({ index, ...result }).toEqual({ index, ok: true, length: 32 })
      expect(copy.subarray(0, 32)).toEqual(rtp(index & 0xffff, { payload: 20 }).subarray(0, 32))
      if (taken % 7 === 0) expect(open(receiver, packet)).toBe('replay')
      taken += 1
    }
    expect(taken).toBeGreaterThan(2500)
  })

  it('refuses what comes later than its window, even from before a wrap', () => {
    const { sender, receiver } = pair()
    const old = sealed(sender, 65_500)
    const late = sealed(sender, 65_535)
    for (let sequence = 65_536; sequence < 65_536 + 250; sequence += 1)
      expect(open(receiver, sealed(sender, sequence & 0xffff))).toBe('ok')
    expect(open(receiver, late)).toBe('ok')
    expect(open(receiver, sealed(sender, 250))).toBe('ok')
    expect(open(receiver, old)).toBe('replay')
  })

  it('begins behind the first wrap when all packets before it were lost', () => {
    const { sender, receiver } = pair()
    sealed(sender, 65_534)
    expect(open(receiver, sealed(sender, 3))).toBe('ok')
    expect(open(receiver, sealed(sender, 4))).toBe('ok')
  })

  it('finds a source that rolled over many times before it was first heard, and is not led astray by forgeries', () => {
    const { sender, receiver } = pair()
    let sequence = 0
    for (let jump = 0; jump < 20 * 4; jump += 1) {
      sealed(sender, sequence)
      sequence = (sequence + 0x4000) & 0xffff
    }
    const packets = Array.from({ length: 40 }, (_, at) => sealed(sender, sequence + at))
    const forged = packets[0]?.with(20, 0xff) ?? new Uint8Array(0)
    for (let at = 0; at < 300; at += 1) expect(open(receiver, forged)).toBe('auth')
    const heard = Array.from({ length: 300 }, (_, at) => open(receiver, packets[at % 40] ?? forged))
    expect(heard).toContain('ok')
    const next = Array.from({ length: 20 }, (_, at) => sealed(sender, sequence + 40 + at))
    expect(next.map((packet) => open(receiver, packet))).toEqual(next.map(() => 'ok'))
    expect(open(receiver, forged)).not.toBe('ok')
  })

  it('keeps its sources apart, and no more than it may', () => {
    const { sender, receiver } = pair()
    const first = sealed(sender, 1, { ssrc: 1 })
    expect(open(receiver, first)).toBe('ok')
    for (let ssrc = 2; ssrc <= mostSources; ssrc += 1)
      expect(open(receiver, sealed(sender, 40_000 + ssrc, { ssrc }))).toBe('ok')
    expect(open(receiver, first)).toBe('replay')
    expect(() => sealed(sender, 1, { ssrc: 99 })).toThrow('too many SSRCs')
    const other = createSrtpContext(keysOf(suite))
    expect(open(receiver, sealed(other, 1, { ssrc: 99 }))).toBe('ok')
    expect(open(receiver, sealed(other, 2, { ssrc: 99 }))).toBe('ok')
  })

  it('never uses a keystream twice', () => {
    const { sender } = pair()
    sealed(sender, 500)
    expect(() => sealed(sender, 500)).toThrow('used before')
    expect(() => sealed(sender, 499)).toThrow('used before')
    expect(() => sender.protectRtp(new Uint8Array(12), 12)).toThrow('no RTP packet')
    expect(() => sender.protectRtcp(rtcp(1), 44)).toThrow('no RTCP packet')
  })

  it('carries RTCP with a counter of its own, once each, in any order', () => {
    const { sender, receiver } = pair()
    const packets = [1, 2, 3, 4].map((seed) => {
      const packet = rtcp(seed)
      return packet.subarray(0, sender.protectRtcp(packet, 28))
    })
    for (const at of [2, 0, 3, 1]) {
      const copy = (packets[at] ?? rtcp(0)).slice()
      expect(copy.subarray(8, 28)).not.toEqual(rtcp(at + 1).subarray(8, 28))
      expect(receiver.unprotectRtcp(copy, copy.length)).toEqual({ ok: true, length: 28 })
      expect(copy.subarray(0, 28)).toEqual(rtcp(at + 1).subarray(0, 28))
    }
    for (const packet of packets)
      expect(receiver.unprotectRtcp(packet.slice(), packet.length)).toEqual({ ok: false, reason: 'replay' })
  })

  it('refuses RTCP with any octet changed', () => {
    const { sender, receiver } = pair()
    const packet = rtcp(1)
    const length = sender.protectRtcp(packet, 28)
    for (let at = 0; at < length; at += 1) {
      const changed = packet.slice(0, length)
      changed[at] = (changed[at] ?? 0) ^ 1
      const before = changed.slice()
      expect(receiver.unprotectRtcp(changed, length).ok).toBe(false)
      expect(changed).toEqual(before)
    }
    expect(receiver.unprotectRtcp(packet, length).ok).toBe(true)
  })

  it('says what is wrong with any datagram, and never throws', () => {
    const { sender, receiver } = pair()
    const genuine = sealed(sender, 1)
    const datagrams = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ minLength: 30, maxLength: 80 }).map((bytes) => bytes.fill(0x80, 0, 1)),
      fc.nat(genuine.length).map((length) => genuine.slice(0, length === genuine.length ? 0 : length)),
    )
    fc.assert(
      fc.property(datagrams, fc.nat(100), (bytes, extra) => {
        const before = bytes.slice()
        const length = extra > 90 ? bytes.length + 1 : bytes.length
        for (const result of [receiver.unprotectRtp(bytes, length), receiver.unprotectRtcp(bytes, length)]) {
          expect(result.ok).toBe(false)
          if (!result.ok) expect(['malformed', 'replay', 'auth']).toContain(result.reason)
        }
        expect(bytes).toEqual(before)
      }),
      { seed: 3711, numRuns: 2000 },
    )
    expect(open(receiver, genuine)).toBe('ok')
  })
})

describe('packet index', () => {
  /** The pseudocode of RFC 3711 Appendix A. */
  function appendixA(rollover: number, last: number, sequence: number): number {
    let guess = rollover
    if (last < 32_768) {
      if (sequence - last > 32_768) guess = rollover - 1
    } else if (last - 32_768 > sequence) guess = rollover + 1
    return sequence + guess * 65_536
  }

  it('is that of Appendix A for every place on the circle', () => {
    const marks = [0, 1, 2, 255, 32_766, 32_767, 32_768, 32_769, 40_000, 65_534, 65_535]
    for (const last of marks)
      for (const sequence of [...marks, (last + 32_768) & 0xffff, (last + 32_767) & 0xffff, (last + 32_769) & 0xffff])
        for (const rollover of [0, 1, 70_000])
          expect([last, sequence, estimateIndex(rollover * 65_536 + last, sequence)]).toEqual([
            last,
            sequence,
            appendixA(rollover, last, sequence),
          ])
  })
})

describe('replay window', () => {
  it('agrees with a set that remembers everything', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -300, max: 400 }), { maxLength: 200 }), (steps) => {
        const window = new ReplayWindow()
        const taken = new Set<number>()
        let highest = 2 ** 40
        for (const step of steps) {
          const index = Math.max(0, highest + step)
          const expected = index > highest - windowLength && !taken.has(index)
          expect(window.isNew(index)).toBe(taken.size === 0 || expected)
          if (!window.isNew(index)) continue
          window.take(index)
          taken.add(index)
          highest = taken.size === 1 ? index : Math.max(highest, index)
        }
      }),
      { seed: 3711, numRuns: 300 },
    )
  })
})
