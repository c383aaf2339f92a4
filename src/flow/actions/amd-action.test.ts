// amd on a call: what the flow learns, and what it does with a machine.
import { describe, expect, it } from 'vitest'
import { createWorld } from '../flow.fixture.ts'

const result = 'voipbin.call.amd.result'
const reason = 'voipbin.call.amd.reason'

async function listen(option: object, more: readonly object[] = []) {
  const world = createWorld()
  const { activeflowId, done } = await world.startOnCall([{ type: 'amd', option }, ...more])
  await world.clock.advance(0)
  const shown = () => world.activeflows.get(world.customerId, activeflowId)
  return { ...world, activeflowId, done, shown }
}

describe('amd', () => {
  it('answers, knows a human by the pause after a greeting, and goes on', async () => {
    const { call, clock, shown, done } = await listen({ machine_handle: 'hangup' }, [{ type: 'empty' }])
    await clock.advance(500)
    call.audio.talk(true)
    await clock.advance(1000)
    call.audio.talk(false)
    await clock.advance(500)
    await done
    expect((await shown()).variables).toMatchObject({ [result]: 'human', [reason]: 'pause_after_greeting' })
    expect(call.heard).toEqual(['answer', 'hangup normal'])
    expect(call.audio.listeners).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('hangs up on a machine with the reason amd', async () => {
    const { call, clock, shown, done } = await listen({ machine_handle: 'hangup' }, [{ type: 'beep' }])
    await clock.advance(500)
    call.audio.talk(true)
    await clock.advance(5000)
    await done
    expect((await shown()).variables).toMatchObject({ [result]: 'machine', [reason]: 'long_greeting' })
    expect(call.heard).toEqual(['answer', 'hangup amd'])
  })

  it('goes on with a machine otherwise', async () => {
    const { call, clock, shown, done } = await listen({}, [{ type: 'beep' }])
    await clock.advance(5000)
    await done
    expect((await shown()).variables).toMatchObject({ [result]: 'machine', [reason]: 'initial_silence' })
    expect(call.heard).toEqual(['answer', 'beep', 'hangup normal'])
  })

  it('listens beside the following actions when async, and hangs up from there', async () => {
    const sleep = { type: 'sleep', option: { duration: 60_000 } }
    const option = { async: true, machine_handle: 'hangup' }
    const { call, clock, shown, activeflows, activeflowId, done } = await listen(option, [sleep])
    expect((await shown()).current_action.type).toBe('sleep')
    await clock.advance(3000)
    expect(call.heard).toEqual(['answer', 'hangup amd'])
    await activeflows.callEnded(activeflowId)
    await done
    expect((await shown()).variables[result]).toBe('machine')
    expect(clock.pending).toBe(0)
  })

  it('stops listening when the call ends', async () => {
    const { call, clock, shown, activeflows, activeflowId, done } = await listen({})
    call.current = 'hangup'
    await activeflows.callEnded(activeflowId)
    await done
    expect((await shown()).variables).not.toHaveProperty(result)
    expect(call.audio.listeners).toBe(0)
    expect(clock.pending).toBe(0)
  })
})
