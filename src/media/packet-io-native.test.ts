import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { builtAddon } from '../../test/native/built-addon.ts'
import { OperationalError } from '../base/errors.ts'
import type { Endpoint } from '../rtp/source-check.ts'
import { type NativeAddon, woken } from './native-addon.ts'
import { type PacketSink, type PortPair, summary } from './packet-io.ts'
import { createNativePacketIo, type NativeOptions, type NativePacketIo } from './packet-io-native.ts'
import { threadClock } from './thread-clock.ts'

const lookup = builtAddon()
if (!lookup.addon) console.log(`skipped: native packet I/O: ${lookup.reason}`)

interface Arrival {
  readonly kind: 'rtp' | 'rtcp'
  readonly bytes: number[]
  readonly source: Endpoint
  readonly now: number
}

function collector(arrivals: Arrival[]): PacketSink {
  return {
    rtp: (bytes, source, now) => arrivals.push({ kind: 'rtp', bytes: [...bytes], source, now }),
    rtcp: (bytes, source, now) => arrivals.push({ kind: 'rtcp', bytes: [...bytes], source, now }),
  }
}

const loopbacks = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
const hasIpv6 = loopbacks.some(({ address }) => address === '::1')

const nowhere: PacketSink = { rtp: () => undefined, rtcp: () => undefined }

describe.skipIf(!lookup.addon)('native packet I/O', () => {
  const addon = lookup.addon as NativeAddon
  const start = Math.random()

  function create(options: Partial<NativeOptions> = {}): NativePacketIo {
    const range = { bindAddress: '127.0.0.1', portMin: 36_000, portMax: 39_999, start }
    const io = createNativePacketIo({ ...range, clock: threadClock, addon, ...options })
    onTestFinished(() => io.close())
    return io
  }

  /** Receives until so many datagrams have come, or half a second has passed. */
  function receive(io: NativePacketIo, wanted: number): number {
    const end = performance.now() + 500
    let count = io.receive()
    while (count < wanted && performance.now() < end) {
      io.wait(20_000, woken.datagrams)
      count += io.receive()
    }
    return count
  }

  const rtpOf = (pair: PortPair): Endpoint => ({ address: pair.address, port: pair.rtpPort })
  const rtcpOf = (pair: PortPair): Endpoint => ({ address: pair.address, port: pair.rtcpPort })

  it.each(hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])(
    'carries RTP and RTCP between pairs on %s',
    async (bindAddress) => {
      const io = create({ bindAddress })
      const arrivals: Arrival[] = []
      const [from, to] = [await io.open(nowhere), await io.open(collector(arrivals))]
      expect(to.rtpPort % 2).toBe(0)
      expect(to.rtcpPort).toBe(to.rtpPort + 1)
      const before = performance.now()
      from.sendRtp(Uint8Array.of(1, 2, 3), rtpOf(to))
      from.sendRtcp(Uint8Array.of(9), rtcpOf(to))
      from.sendRtp(new Uint8Array(0), rtpOf(to))
      io.flush()
      expect(receive(io, 3)).toBe(3)
      const told = arrivals.map(({ kind, bytes, source }) => ({ kind, bytes, source }))
      expect(told.filter(({ kind }) => kind === 'rtp')).toEqual([
        { kind: 'rtp', bytes: [1, 2, 3], source: rtpOf(from) },
        { kind: 'rtp', bytes: [], source: rtpOf(from) },
      ])
      expect(told).toContainEqual({ kind: 'rtcp', bytes: [9], source: rtcpOf(from) })
      for (const { now } of arrivals) expect(now).toBeGreaterThan(before - 1)
      for (const { now } of arrivals) expect(now).toBeLessThanOrEqual(performance.now())
    },
  )

  it.skipIf(!hasIpv6)(
    'reaches IPv4 from a dual-stack socket, and calls its sources by their IPv4 address',
    async () => {
      const io = create({ bindAddress: '::' })
      const arrivals: Arrival[] = []
      const [from, to] = [await io.open(nowhere), await io.open(collector(arrivals))]
      from.sendRtp(Uint8Array.of(1), { address: '127.0.0.1', port: to.rtpPort })
      io.flush()
      expect(receive(io, 1)).toBe(1)
      expect(arrivals[0]?.source).toEqual({ address: '127.0.0.1', port: from.rtpPort })
    },
  )

  it('moves batches of 1,000 datagrams over 100 sockets without loss or mix-up', async () => {
    const io = create()
    const heard = new Map<number, number[]>()
    const pairs: PortPair[] = []
    for (let index = 0; index < 100; index += 1) {
      const list: number[] = []
      const rtp = (bytes: Uint8Array): unknown => list.push(bytes[0] ?? 0, bytes[1] ?? 0, bytes.length)
      const pair = await io.open({ rtp, rtcp: () => undefined })
      heard.set(index, list)
      pairs.push(pair)
    }
    const expected: number[] = []
    for (let batch = 0; batch < 5; batch += 1) {
      for (let round = 0; round < 10; round += 1) {
        expected.push(0, batch * 10 + round, 172 + round)
        pairs.forEach((pair, index) => {
          const to = pairs[(index + 1) % pairs.length] ?? pair
          pair.sendRtp(new Uint8Array(172 + round).fill(batch * 10 + round, 1, 2), rtpOf(to))
        })
      }
      io.flush()
      expect(receive(io, 1000)).toBe(1000)
    }
    for (const list of heard.values()) expect(list).toEqual(expected)
    expect(io.counters()).toMatchObject({ received: 5000, sent: 5000, noRoom: 0, sendErrors: 0 })
  })

  it.each(hasIpv6 ? ['127.0.0.1', '0.0.0.0', '::1', '::'] : ['127.0.0.1', '0.0.0.0'])(
    'still hears everyone once it sends steadily to one, then to another (bound to %s)',
    async (bindAddress) => {
      const io = create({ bindAddress })
      const arrivals: Arrival[] = []
      const leg = await io.open(collector(arrivals))
      const farAddress = bindAddress === '::1' ? '::1' : '127.0.0.1'
      const heard: Endpoint[] = []
      const phone = { rtp: (_bytes: Uint8Array, source: Endpoint) => heard.push(source), rtcp: () => undefined }
      const far = create({ bindAddress: farAddress, portMin: 30_000, portMax: 31_999 })
      const phones = [await far.open(phone), await far.open(phone)]
      const toLeg = { address: farAddress, port: leg.rtpPort }
      const fd = readdirSync('/proc/self/fd').length
      for (const one of [...phones, ...phones]) {
        for (let packet = 0; packet < 60; packet += 1) leg.sendRtp(Uint8Array.of(1), rtpOf(one))
        io.flush()
        expect(receive(far, 60)).toBe(60)
        for (const other of phones) other.sendRtp(Uint8Array.of(2), toLeg)
        far.flush()
        expect(receive(io, 2)).toBe(2)
      }
      expect(new Set(heard.map(({ address, port }) => `${address} ${port}`))).toEqual(
        new Set([`${farAddress} ${leg.rtpPort}`]),
      )
      const sources = arrivals.map(({ source }) => source.port).sort()
      expect(sources).toEqual(phones.flatMap(({ rtpPort }) => [rtpPort, rtpPort, rtpPort, rtpPort]).sort())
      expect(readdirSync('/proc/self/fd').length).toBe(fd + 1)
      await leg.close()
      expect(readdirSync('/proc/self/fd').length).toBe(fd - 2)
    },
  )

  it('goes on sending to a phone that has gone and comes back', async () => {
    const io = create()
    const leg = await io.open(nowhere)
    const range = { portMin: 30_000, portMax: 30_001 }
    const far = create(range)
    const phone = await far.open(nowhere)
    for (let packet = 0; packet < 60; packet += 1) leg.sendRtp(Uint8Array.of(1), rtpOf(phone))
    await far.close()
    for (let packet = 0; packet < 20; packet += 1) leg.sendRtp(Uint8Array.of(1), rtpOf(phone))
    io.flush()
    const back = create(range)
    await back.open(nowhere)
    for (let packet = 0; packet < 20; packet += 1) leg.sendRtp(Uint8Array.of(1), rtpOf(phone))
    io.flush()
    expect(receive(back, 20)).toBe(20)
  })

  it('tells when the kernel took a datagram in, not when it was read', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const pair = await io.open(collector(arrivals))
    pair.sendRtp(Uint8Array.of(1), rtpOf(pair))
    io.flush()
    const sentAt = performance.now()
    io.wait(50_000, 0)
    expect(receive(io, 1)).toBe(1)
    expect(Math.abs((arrivals[0]?.now ?? 0) - sentAt)).toBeLessThan(20)
  })

  it('sends by itself when nobody flushes', async () => {
    const io = create()
    const pair = await io.open(nowhere)
    pair.sendRtp(Uint8Array.of(1), rtpOf(pair))
    expect(io.counters().sent).toBe(0)
    await Promise.resolve()
    expect(io.counters().sent).toBe(1)
  })

  it('sends what was gathered before a pair closes, and nothing afterwards', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const [from, to] = [await io.open(nowhere), await io.open(collector(arrivals))]
    io.hold()
    from.sendRtcp(Uint8Array.of(203), rtcpOf(to))
    await from.close()
    from.sendRtcp(Uint8Array.of(203), rtcpOf(to))
    io.release()
    expect(receive(io, 1)).toBe(1)
    expect(io.counters().sent).toBe(1)
    await from.close()
    expect(io.size).toBe(1)
  })

  it('drops a datagram longer than it keeps, and counts it', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const pair = await io.open(collector(arrivals))
    for (const length of [2048, 2049, 60_000]) pair.sendRtp(new Uint8Array(length), rtpOf(pair))
    io.flush()
    expect(receive(io, 3)).toBe(3)
    expect(arrivals.map(({ bytes }) => bytes.length)).toEqual([2048])
    expect(io.counters().truncated).toBe(2)
  })

  it('counts what cannot be sent and goes on', async () => {
    const io = create()
    const pair = await io.open(nowhere)
    const badPorts = [0, -1, 65_536].map((port) => ({ address: '127.0.0.1', port }))
    const badAddresses = ['phone.example', '', '::1', '1.2.3', 'x'.repeat(5000)].map((address) => ({
      address,
      port: 9,
    }))
    for (const to of [...badPorts, ...badAddresses]) pair.sendRtp(Uint8Array.of(1), to)
    // Nobody listens here; the kernel's complaint must not cost the next datagram.
    const dead = await io.open(nowhere)
    await dead.close()
    for (let turn = 0; turn < 3; turn += 1) pair.sendRtp(Uint8Array.of(1), rtpOf(dead))
    pair.sendRtp(Uint8Array.of(7), rtpOf(pair))
    io.flush()
    expect(receive(io, 1)).toBe(1)
    expect(io.counters()).toMatchObject({ sent: 4, sendErrors: 8 })
  })

  it('passes over ports that somebody else has, and says when none is left', async () => {
    const narrow = { portMin: 35_990, portMax: 35_995, start: 0 }
    const [io, other] = [create(narrow), create(narrow)]
    const taken = [await io.open(nowhere), await io.open(nowhere), await other.open(nowhere)]
    expect(new Set(taken.map(({ rtpPort }) => rtpPort)).size).toBe(3)
    await expect(other.open(nowhere)).rejects.toThrow(OperationalError)
    await io.close()
    expect((await other.open(nowhere)).rtpPort).not.toBe(taken[2]?.rtpPort)
  })

  /** Two pairs that have sent each other so much that each is connected to the other. */
  async function connected(io: NativePacketIo, arrivals: Arrival[]): Promise<readonly [PortPair, PortPair]> {
    const [from, to] = [await io.open(nowhere), await io.open(collector(arrivals))]
    const [there, back] = [rtpOf(to), rtpOf(from)]
    expect(from.channel?.(there)).toBe(-1)
    for (let count = 0; count < 60; count += 1) {
      from.sendRtp(Uint8Array.of(count), there)
      to.sendRtp(Uint8Array.of(count), back)
      io.flush()
      receive(io, 2)
    }
    arrivals.length = 0
    return [from, to]
  }

  it('sends what differs in its header only by connected sockets', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const [from, to] = await connected(io, arrivals)
    const channel = from.channel?.(rtpOf(to)) ?? -1
    expect(channel).toBeGreaterThanOrEqual(0)
    expect(from.channel?.({ ...rtpOf(to), port: 9 })).toBe(-1)
    const heads = new Int32Array(8)
    const octets = new Uint8Array(heads.buffer)
    heads[0] = channel
    heads[4] = channel
    octets.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 4)
    octets.set([21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32], 20)
    io.sendAlike(heads, 2, { bytes: Uint8Array.of(91, 92, 93), length: 2 })
    expect(receive(io, 2)).toBe(2)
    const tail = [91, 92]
    expect(arrivals.map(({ bytes }) => bytes)).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...tail],
      [21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, ...tail],
    ])
    heads[0] = 999
    heads[4] = -1
    const { sent, sendErrors } = io.counters()
    io.sendAlike(heads, 2, { bytes: new Uint8Array(2), length: 2 })
    expect(io.counters()).toMatchObject({ sent, sendErrors: sendErrors + 2 })
    await from.close()
    expect(from.channel?.(rtpOf(to))).toBe(-1)
  })

  it('shows what is diverted by its summary, and delivers what is not taken', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const [from, to] = await connected(io, arrivals)
    const shown: number[][] = []
    io.divertTo({
      takeSummary(rows, at, now) {
        shown.push(
          [summary.place, summary.length, summary.head, summary.head + 1, summary.fill].map((of) => rows[at + of] ?? 0),
        )
        expect(Math.abs(performance.now() - now)).toBeLessThan(1000)
        return shown.length === 1
      },
    })
    io.divert(to.channel?.(rtpOf(from)) ?? -1, 5)
    const alike = Uint8Array.from({ length: 20 }, (_, index) => (index < 12 ? index + 1 : 0xff))
    for (const bytes of [alike, alike, alike.with(19, 0), alike.subarray(0, 12), alike.subarray(0, 3)])
      from.sendRtp(bytes, rtpOf(to))
    io.flush()
    expect(receive(io, 5)).toBe(5)
    const [first, second] = [0x01020304, 0x05060708]
    expect(shown).toEqual([
      [5, 20, first, second, 0xff],
      [5, 20, first, second, 0xff],
      [5, 20, first, second, -1],
      [5, 12, first, second, -1],
      [5, 3, 0, 0, -1],
    ])
    expect(arrivals.map(({ bytes }) => bytes.length)).toEqual([20, 20, 12, 3])
    io.divert(to.channel?.(rtpOf(from)) ?? -1, -1)
    from.sendRtp(alike, rtpOf(to))
    io.flush()
    expect(receive(io, 1)).toBe(1)
    expect([shown.length, arrivals.length]).toEqual([5, 5])
  })

  it('takes in all that came at once from a connected peer, in order, over a few calls', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const [from, to] = await connected(io, arrivals)
    // More than one batch.
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 100; count += 1) from.sendRtp(Uint8Array.of(round, count), rtpOf(to))
      io.flush()
    }
    expect(receive(io, 300)).toBe(300)
    const expected = Array.from({ length: 300 }, (_, index) => [Math.floor(index / 100), index % 100])
    expect(arrivals.map(({ bytes }) => bytes)).toEqual(expected)
  })

  it('tells who sent what, also after whom it is connected to changed', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const [first, to] = await connected(io, arrivals)
    const second = await io.open(nowhere)
    const bothSend = (): readonly Endpoint[] => {
      arrivals.length = 0
      // Seen empty, so that it is known whose the next ones are.
      receive(io, 0)
      for (const pair of [first, second]) pair.sendRtp(Uint8Array.of(pair === first ? 1 : 2), rtpOf(to))
      io.flush()
      expect(receive(io, 2)).toBe(2)
      return arrivals.toSorted((one, other) => (one.bytes[0] ?? 0) - (other.bytes[0] ?? 0)).map(({ source }) => source)
    }
    expect(bothSend()).toEqual([rtpOf(first), rtpOf(second)])
    for (let count = 0; count < 60; count += 1) to.sendRtp(Uint8Array.of(count), rtpOf(second))
    io.flush()
    receive(io, 60)
    expect(to.channel?.(rtpOf(second))).toBeGreaterThanOrEqual(0)
    expect(bothSend()).toEqual([rtpOf(first), rtpOf(second)])
    expect(bothSend()).toEqual([rtpOf(first), rtpOf(second)])
  })

  it('goes on receiving from the others when a connected pair closes', async () => {
    const io = create()
    const [first, second, third]: Arrival[][] = [[], [], []]
    const pairs = [
      await connected(io, first ?? []),
      await connected(io, second ?? []),
      await connected(io, third ?? []),
    ]
    await Promise.all(pairs[0]?.map((pair) => pair.close()) ?? [])
    for (const [from, to] of pairs.slice(1)) from.sendRtp(Uint8Array.of(7), rtpOf(to))
    io.flush()
    expect(receive(io, 2)).toBe(2)
    expect([second?.length, third?.length]).toEqual([1, 1])
  })

  it('says when the address is not ours', async () => {
    await expect(create({ bindAddress: '192.0.2.1' }).open(nowhere)).rejects.toThrow(/EADDRNOTAVAIL/)
  })

  it('delivers nothing of a closed pair, not even what was received with it', async () => {
    const io = create()
    const arrivals: Arrival[] = []
    const sinks = collector(arrivals)
    const pairs: PortPair[] = []
    const closing: PacketSink = {
      rtp: (bytes, source, now) => {
        sinks.rtp(bytes, source, now)
        for (const pair of pairs) void pair.close()
      },
      rtcp: () => undefined,
    }
    const from = await io.open(nowhere)
    pairs.push(await io.open(closing), await io.open(closing))
    for (const pair of pairs) from.sendRtp(Uint8Array.of(1), rtpOf(pair))
    io.flush()
    expect(receive(io, 2)).toBe(2)
    expect(arrivals).toHaveLength(1)
  })

  it('leaves no descriptor behind', async () => {
    const before = readdirSync('/proc/self/fd').length
    const io = create()
    for (let index = 0; index < 200; index += 1) await io.open(nowhere)
    expect(readdirSync('/proc/self/fd').length).toBeGreaterThan(before + 400)
    await io.close()
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })
})
