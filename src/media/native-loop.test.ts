import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { builtAddon } from '../../test/native/built-addon.ts'
import type { NativeAddon } from './native-addon.ts'
import { createNativeMedia, type NativeMedia } from './native-loop.ts'

const lookup = builtAddon()

describe.skipIf(!lookup.addon)('native media loop', () => {
  const range = { bindAddress: '127.0.0.1', portMin: 32_000, portMax: 35_900 }

  function create(): NativeMedia {
    const media = createNativeMedia({ ...range, start: Math.random(), addon: lookup.addon as NativeAddon })
    onTestFinished(() => media.packetIo.close())
    return media
  }

  const after = (media: NativeMedia, ms: number): Promise<number> =>
    new Promise((resolve) => {
      const due = media.clock.now() + ms
      media.clock.after(ms, () => resolve(media.clock.now() - due))
    })

  it('runs timers in order, on time, and not when they were cancelled', async () => {
    const media = create()
    await media.packetIo.open({ rtp: () => undefined, rtcp: () => undefined })
    const order: number[] = []
    for (const ms of [9, 3, 6]) media.clock.after(ms, () => order.push(ms))
    const cancelled = media.clock.after(5, () => order.push(5))
    media.clock.after(4, () => cancelled.cancel())
    const late: number[] = []
    for (let turn = 0; turn < 15; turn += 1) late.push(await after(media, 7))
    late.sort((one, other) => one - other)
    expect(order).toEqual([3, 6, 9])
    expect(late[0]).toBeGreaterThanOrEqual(0)
    expect(late[7]).toBeLessThan(1)
  })

  it('delivers what has arrived before the timer that it arrived before', async () => {
    const media = create()
    const order: string[] = []
    const pair = await media.packetIo.open({ rtp: (bytes) => order.push(`packet ${bytes[0]}`), rtcp: () => undefined })
    media.clock.after(12, () => order.push('tick'))
    pair.sendRtp(Uint8Array.of(1), { address: pair.address, port: pair.rtpPort })
    await after(media, 15)
    expect(order).toEqual(['packet 1', 'tick'])
  })

  it('takes datagrams in while nothing is due', async () => {
    const media = create()
    const arrived = Promise.withResolvers<number>()
    const pair = await media.packetIo.open({
      rtp: (_bytes, _source, now) => arrived.resolve(now),
      rtcp: () => undefined,
    })
    const sentAt = media.clock.now()
    pair.sendRtp(Uint8Array.of(1), { address: pair.address, port: pair.rtpPort })
    expect(Math.abs((await arrived.promise) - sentAt)).toBeLessThan(20)
  })

  it("lets Node's own timers and promises go on beside it", async () => {
    const media = create()
    await media.packetIo.open({ rtp: () => undefined, rtcp: () => undefined })
    let ticks = 0
    const tick = (): void => {
      ticks += 1
      if (ticks < 20) media.clock.after(10, tick)
    }
    tick()
    let others = 0
    while (ticks < 20) {
      await delay(5)
      others += 1
    }
    expect(others).toBeGreaterThan(15)
  })
})
