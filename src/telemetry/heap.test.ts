import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/virtual-clock.ts'
import { keepHeapSmall } from './heap.ts'

const mebibyte = 1024 * 1024

function watched() {
  const clock = new VirtualClock()
  const heap = { bytes: 50 * mebibyte, busy: 0, collections: 0 }
  const timer = keepHeapSmall(clock, {
    used: () => heap.bytes,
    load: () => heap.busy,
    collect: () => {
      heap.collections += 1
      heap.bytes = 50 * mebibyte
    },
  })
  return { clock, heap, timer }
}

describe('heap', () => {
  it('is collected in the first quiet second after it grew', async () => {
    const { clock, heap } = watched()
    heap.bytes = 100 * mebibyte
    heap.busy = 0.6
    await clock.advance(5000)
    expect(heap.collections).toBe(0)
    heap.busy = 0.05
    await clock.advance(1000)
    expect(heap.collections).toBe(1)
  })

  it('is left alone while it did not grow much, and for ten seconds after a collection', async () => {
    const { clock, heap } = watched()
    heap.bytes = 60 * mebibyte
    await clock.advance(60_000)
    expect(heap.collections).toBe(0)
    heap.bytes = 100 * mebibyte
    await clock.advance(1000)
    heap.bytes = 100 * mebibyte
    await clock.advance(8000)
    expect(heap.collections).toBe(1)
    await clock.advance(2000)
    expect(heap.collections).toBe(2)
  })

  it('is not watched any more once cancelled', async () => {
    const { clock, heap, timer } = watched()
    timer.cancel()
    heap.bytes = 200 * mebibyte
    await clock.advance(5000)
    expect(heap.collections).toBe(0)
  })
})
