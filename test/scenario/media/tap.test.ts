// A tap on a leg, by ear: a peer gets what the caller says or hears, and what it says reaches the caller alone.
import { describe, expect, it } from 'vitest'
import type { EngineCommand } from '../../../src/media/engine.ts'
import type { MediaPlan } from '../../../src/sdp/media-plan.ts'
import { Studio } from './studio.ts'
import type { VirtualPhone } from './virtual-phone.ts'

type TapStart = Extract<EngineCommand, { kind: 'tapStart' }>

/** Of the caller, of whom the caller talks to, and of the peer: Hertz. */
const [callers, others, peers] = [1000, 2000, 700]

interface Terms extends Partial<Omit<TapStart, 'kind' | 'legId' | 'to'>> {
  readonly caller?: MediaPlan['codec']
}

async function tapped({ caller: codec = 'PCMU', ...terms }: Terms = {}) {
  const studio = new Studio()
  const caller = await studio.phone('caller', { codec })
  const other = await studio.phone('other')
  const peer = await speaker(studio, 'peer', terms.codec ?? 'PCMU')
  await studio.join('room', caller, other)
  const start = async (): Promise<number> => {
    const to = { address: peer.address, port: peer.port }
    const ports = await studio.core.handle({ kind: 'tapStart', legId: 'caller', to, codec: 'PCMU', ...terms })
    Object.assign(peer, { legPort: ports.rtpPort })
    return ports.rtpPort
  }
  caller.speak({ frequency: callers, level: -20 })
  other.speak({ frequency: others, level: -20 })
  const listen = (phone: VirtualPhone, ms = 800) => {
    const mark = phone.mark()
    studio.run(ms)
    const level = (frequency: number): boolean => phone.level(frequency, mark) > -27
    return { caller: level(callers), other: level(others), peer: level(peers) }
  }
  return { studio, caller, other, peer, start, listen }
}

/** Somebody with a port of his own, whom no leg sends to. */
async function speaker(studio: Studio, name: string, codec: MediaPlan['codec']): Promise<VirtualPhone> {
  const linear = codec === 'L16' ? ({ sampleRate: 16_000, receivePayloadType: 118 } as const) : {}
  return studio.phone(name, { codec, direction: 'recvonly', ...linear })
}

describe('a tap', () => {
  it.each([
    [{}],
    [{ codec: 'PCMA' }],
    [{ codec: 'G722' }],
    [{ codec: 'L16' }],
    [{ caller: 'opus' }],
    [{ caller: 'opus', codec: 'L16' }],
    [{ caller: 'G722', codec: 'PCMU' }],
  ] as const)('sends what the caller says and plays what comes back to it alone: %j', async (terms) => {
    const { studio, caller, other, peer, start, listen } = await tapped(terms)
    await start()
    peer.speak({ frequency: peers, level: -20 })
    studio.run(500)
    expect(listen(peer)).toEqual({ caller: true, other: false, peer: false })
    expect(listen(caller)).toEqual({ caller: false, other: true, peer: true })
    expect(listen(other)).toEqual({ caller: true, other: false, peer: false })
  })

  it.each([
    ['out', { caller: false, other: true, peer: false }],
    ['both', { caller: true, other: true, peer: false }],
  ] as const)('with %s sends what the caller hears, but not what the peer said itself', async (listening, expected) => {
    for (const speak of ['out', 'none'] as const) {
      const { studio, caller, peer, start, listen } = await tapped({ listen: listening, speak })
      await start()
      peer.speak({ frequency: peers, level: -20 })
      studio.run(500)
      expect(listen(peer)).toEqual(expected)
      expect(listen(caller).peer).toBe(speak === 'out')
    }
  })

  it('sends nothing where nobody is to listen', async () => {
    const { studio, caller, peer, start, listen } = await tapped({ listen: 'none' })
    await start()
    peer.speak({ frequency: peers, level: -20 })
    studio.run(500)
    expect(peer.packets).toEqual([])
    expect(listen(caller).peer).toBe(true)
  })

  it('sends a packet every 20 ms whether or not anybody talks, also while the caller is on hold', async () => {
    const { studio, caller, other, peer, start } = await tapped()
    await start()
    caller.hushed()
    other.hushed()
    await studio.core.handle({ kind: 'configureLeg', legId: 'caller', plan: { ...caller.plan, direction: 'inactive' } })
    studio.run(1000)
    expect(peer.packets.length).toBeGreaterThanOrEqual(49)
    peer.packets.forEach(({ sequence, timestamp }, index) => {
      expect((sequence - (peer.packets[0]?.sequence ?? 0)) & 0xffff).toBe(index)
      expect((timestamp - (peer.packets[0]?.timestamp ?? 0)) >>> 0).toBe(160 * index)
    })
  })

  it('hears nothing of a caller who is muted, in no mix hears the caller all the same', async () => {
    const { studio, peer, start, listen } = await tapped()
    await start()
    await studio.core.handle({ kind: 'mute', legId: 'caller', in: true, out: false })
    studio.run(200)
    expect(listen(peer).caller).toBe(false)
    await studio.core.handle({ kind: 'mute', legId: 'caller', in: false, out: false })
    await studio.core.handle({ kind: 'leave', legId: 'caller' })
    studio.run(200)
    expect(listen(peer)).toEqual({ caller: true, other: false, peer: false })
  })

  it('takes nothing from a foreign address, and goes on sending where it was told when the peer speaks from another port', async () => {
    const { studio, caller, peer, start, listen } = await tapped()
    const port = await start()
    const stranger = await speaker(studio, 'stranger', 'PCMU')
    Object.assign(stranger, { legPort: port, address: '203.0.113.9' })
    stranger.speak({ frequency: peers, level: -20 })
    studio.run(500)
    expect(listen(caller).peer).toBe(false)
    stranger.hushed()
    Object.assign(stranger, { address: peer.address })
    stranger.speak({ frequency: peers, level: -20 })
    studio.run(500)
    expect(listen(caller).peer).toBe(true)
    expect(listen(peer).caller).toBe(true)
    expect(stranger.packets).toEqual([])
  })

  it('ends when it is stopped, another takes its place or the leg closes, and frees its ports', async () => {
    const { studio, caller, peer, start, listen } = await tapped()
    const open = studio.openPorts
    await start()
    await start()
    peer.speak({ frequency: peers, level: -20 })
    studio.run(500)
    expect(studio.openPorts).toBe(open + 1)
    expect(listen(peer).caller).toBe(true)
    await studio.core.handle({ kind: 'tapStop', legId: 'caller' })
    await studio.core.handle({ kind: 'tapStop', legId: 'caller' })
    expect(studio.openPorts).toBe(open)
    studio.run(200)
    expect(listen(peer).caller).toBe(false)
    expect(listen(caller)).toEqual({ caller: false, other: true, peer: false })
    await start()
    await studio.core.handle({ kind: 'closeLeg', legId: 'caller' })
    expect(studio.openPorts).toBe(open - 1)
  })

  it('is refused where there is no leg', async () => {
    const { studio } = await tapped()
    const tap = { kind: 'tapStart', legId: 'none', to: { address: '192.0.2.7', port: 4000 }, codec: 'PCMU' } as const
    await expect(studio.core.handle(tap)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' })
  })
})
