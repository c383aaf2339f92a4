import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/virtual-clock.ts'
import { Bug, classify, errorCodes, UserError } from './errors.ts'
import { isUuid, newDirectHash, newSecret, newUuid, nilUuid } from './ids.ts'
import { step, type Table } from './machine.ts'
import { Scope } from './scope.ts'
import { distance16, distance32 } from './serial.ts'
import { formatTimestamp, parseTimestamp, TimestampSource } from './time.ts'

describe('timestamps', () => {
  it('keep the microsecond and sort as text', () => {
    expect(formatTimestamp(1_612_407_339_659_316)).toBe('2021-02-04 02:55:39.659316')
  })

  it.each(['2021-02-03T09:33:58.077756Z', '2021-02-03T09:33:58.077756', '2021-02-03 09:33:58.077756'])(
    'are read in the style of %s',
    (text) => {
      expect(parseTimestamp(text)).toBe('2021-02-03 09:33:58.077756')
    },
  )

  it.each(['', 'yesterday', '2021-13-03 09:33:58', '2021-02-03', "' or 1=1"])('are not read from %j', (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  })

  it('never repeat while the clock stands still, nor go back before what was handed out earlier', () => {
    const source = new TimestampSource(new VirtualClock(5_000_000), 9_000_000)
    expect([source.next(), source.next()]).toEqual([formatTimestamp(9_000_001), formatTimestamp(9_000_002)])
  })
})

describe('a scope', () => {
  it('closes its children newest first, once, and lets go of those that closed by themselves', async () => {
    const order: string[] = []
    const scope = new Scope()
    scope.own((reason) => void order.push(`first ${reason}`))
    const release = scope.own(() => void order.push('never'))
    scope.own(async () => void order.push('last'))
    release()
    await Promise.all([scope.close('over'), scope.close('again')])
    expect(order).toEqual(['last', 'first over'])
    expect(scope.signal.aborted).toBe(true)
  })

  it('closes the others when one fails, then tells of it', async () => {
    const scope = new Scope()
    let closed = false
    scope.own(() => {
      closed = true
    })
    scope.own(() => {
      throw new Error('stuck')
    })
    await expect(scope.close('over')).rejects.toThrow('stuck')
    expect(closed).toBe(true)
  })
})

describe('a state table', () => {
  const ran: string[] = []
  const table: Table<'off' | 'on', { kind: 'press' } | { kind: 'hold'; for: number }> = {
    off: { press: { to: 'on', run: () => void ran.push('lit') }, hold: 'ignore' },
    on: { press: 'bug', hold: { to: 'off', run: (_data, event) => void ran.push(`held ${event.for}`) } },
  }

  it('moves, ignores, or reports a bug, and runs the cell', () => {
    expect(step(table, 'off', { kind: 'press' }, undefined)).toEqual({ from: 'off', to: 'on', outcome: 'moved' })
    expect(step(table, 'off', { kind: 'hold', for: 1 }, undefined).outcome).toBe('ignored')
    expect(step(table, 'on', { kind: 'press' }, undefined).outcome).toBe('bug')
    expect(step(table, 'on', { kind: 'hold', for: 2 }, undefined).to).toBe('off')
    expect(ran).toEqual(['lit', 'held 2'])
  })
})

describe('errors', () => {
  it('that nobody threw on purpose are bugs', () => {
    expect(classify(new TypeError('x is undefined'))).toBeInstanceOf(Bug)
    const error = new UserError('CALL_NOT_FOUND', 'call x does not exist')
    expect(classify(error)).toBe(error)
  })

  it('have an HTTP and a SIP status that such statuses can be', () => {
    for (const facts of Object.values(errorCodes)) {
      expect(facts.http).toBeGreaterThanOrEqual(400)
      expect(facts.sip).toBeGreaterThanOrEqual(400)
      expect(facts.sip).toBeLessThan(700)
    }
  })
})

it('serial distances wrap', () => {
  expect(distance16(65_535, 0)).toBe(1)
  expect(distance16(0, 65_535)).toBe(-1)
  expect(distance32(0xffff_ffff, 0)).toBe(1)
})

it('identifiers have their shapes', () => {
  expect(isUuid(newUuid())).toBe(true)
  expect(isUuid(nilUuid)).toBe(true)
  expect(isUuid('a1')).toBe(false)
  expect(newDirectHash()).toMatch(/^[0-9a-f]{12}$/)
  expect(newSecret(32)).toMatch(/^[A-Za-z0-9]{32}$/)
})
