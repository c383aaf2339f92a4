// The limits of a customer, which keep a stolen password or a looping flow from running up a bill: refused with 503 and LIMIT_REACHED.
import { describe, expect, it } from 'vitest'
import { sdp } from '../sip/session-description.ts'
import { serverAddress } from './house.ts'
import { attacker, inConference, local, openTarget, refusal, sip, wait } from './toll-target.ts'

describe('the limits of a customer', () => {
  const body = {
    source: sip('desk'),
    destinations: [sip(`x@${local}`)],
    actions: [wait],
  }
  const limited = refusal(429, 'LIMIT_REACHED')

  it('refuse outgoing calls beyond those at once until one is over, and let calls in', async () => {
    const fort = await openTarget({ maxCalls: 1 })
    await fort.phone(local, () => 200)
    const first = await fort.ask('POST', '/calls', body)
    const { caller } = await inConference(fort)
    expect(await fort.ask('POST', '/calls', body)).toMatchObject(limited)
    expect(await fort.ask('POST', '/groupcalls', body)).toMatchObject(limited)
    const uri = `sip:direct.${(await fort.conference()).hash}@${serverAddress}`
    caller.request({ method: 'INVITE', uri, callId: 'second', cseq: 1, sdp: sdp('raw') })
    await fort.clock.advance(1000)
    expect(caller.final('second', '1 INVITE')?.status).toBe(200)
    expect(fort.sightings.length).toBe(1)
    await fort.ask('POST', `/calls/${String(first.json['id'])}/hangup`)
    await fort.clock.advance(1000)
    expect((await fort.ask('POST', '/calls', body)).status).toBe(200)
  })

  it('refuse calls that begin too fast, and let them begin a second later', async () => {
    const fort = await openTarget({ callsPerSecond: 3 })
    await fort.phone(local, () => 486)
    const burst = []
    for (let n = 0; n < 6; n += 1) burst.push((await fort.ask('POST', '/calls', body)).status)
    expect(burst).toEqual([200, 200, 200, 429, 429, 429])
    const caller = await fort.raw(attacker)
    const uri = `sip:direct.${(await fort.conference()).hash}@${serverAddress}`
    caller.request({ method: 'INVITE', uri, callId: 'fast', cseq: 1, sdp: sdp('raw') })
    await fort.clock.advance(100)
    expect(caller.final('fast', '1 INVITE')?.status).toBe(200)
    await fort.clock.advance(1000)
    expect((await fort.ask('POST', '/calls', body)).status).toBe(200)
    expect(fort.sightings.length).toBe(4)
  })

  it('hold for the calls of flows and of one request with many destinations', async () => {
    const fort = await openTarget({ maxCalls: 2 })
    await fort.phone(local, () => undefined)
    const many = { ...body, destinations: Array.from({ length: 5 }, () => sip(`x@${local}`)) }
    expect(await fort.ask('POST', '/calls', many)).toMatchObject(limited)
    await fort.clock.advance(1000)
    const call = { type: 'call', option: { destinations: many.destinations, actions: [{ type: 'answer' }] } }
    await fort.ask('POST', '/activeflows', { actions: [call] })
    await fort.clock.advance(1000)
    expect(fort.sightings.length).toBeLessThanOrEqual(2)
  })

  it("are each customer's own", async () => {
    const fort = await openTarget({ maxCalls: 1 })
    await fort.phone(local, () => 200)
    const { key } = await fort.customer('other')
    expect((await fort.ask('POST', '/calls', body)).status).toBe(200)
    expect(await fort.ask('POST', '/calls', body)).toMatchObject(limited)
    expect((await fort.ask('POST', '/calls', body, key)).status).toBe(200)
  })
})
