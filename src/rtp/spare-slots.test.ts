import { describe, expect, it } from 'vitest'
import { newSlot, SpareSlots, usualCapacity } from './spare-slots.ts'

describe('spare slots', () => {
  it('hands out what was given before it makes anything', () => {
    const spare = new SpareSlots()
    const [one, other] = [newSlot(), newSlot()]
    one.next = other
    spare.give(one)
    const taken = [spare.slot(), spare.slot()]
    expect(new Set(taken)).toEqual(new Set([one, other]))
    expect(taken).not.toContain(spare.slot())
    const ring = spare.ring()
    spare.giveRing(ring)
    expect(spare.ring()).toBe(ring)
    expect(spare.ring()).not.toBe(ring)
  })

  it('keeps no rings that grew in a storm', () => {
    const spare = new SpareSlots()
    spare.giveRing(new Array(4 * usualCapacity).fill(undefined))
    expect(spare.ring()).toHaveLength(usualCapacity)
  })

  it('keeps no more slots than are needed at once', () => {
    const spare = new SpareSlots()
    const given = Array.from({ length: 1000 }, newSlot)
    for (const slot of given) spare.give(slot)
    const known = new Set(given)
    const again = given.map(() => spare.slot()).filter((slot) => known.has(slot))
    expect(again).toHaveLength(256)
  })
})
