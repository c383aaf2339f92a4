import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { loadNativeAddon, type NativeAddon, receiveRow, sendRow, woken } from '../../src/media/native-addon.ts'
import { builtAddon } from './built-addon.ts'

const lookup = builtAddon()

describe('finding the addon', () => {
  it('gives a reason where there is none, and where it is something else', () => {
    expect(loadNativeAddon('/nowhere/packet-io.node')).toEqual({ reason: expect.stringContaining('not built') })
    expect(loadNativeAddon('/etc/hostname')).toEqual({ reason: expect.stringContaining('does not load') })
  })
})

describe.skipIf(!lookup.addon)('native binding', () => {
  const addon = lookup.addon as NativeAddon
  const call = (name: keyof NativeAddon, ...given: readonly unknown[]): unknown =>
    (addon[name] as (...all: readonly unknown[]) => unknown)(...given)
  const bytes = new Uint8Array(64)
  const rows = new Int32Array(44)

  it.each<[keyof NativeAddon, readonly unknown[]]>([
    ['destroy', []],
    ['destroy', [0]],
    ['destroy', [-1]],
    ['destroy', ['1']],
    ['open', ['h', '127.0.0.1', 0, 0]],
    ['open', ['h', '127.0.0.1', 65_536, 0, 0]],
    ['open', ['h', '127.0.0.1', 1.5, 0, 0]],
    ['open', ['h', '127.0.0.1', Number.NaN, 0, 0]],
    ['open', ['h', '127.0.0.1', 0, -1, 0]],
    ['open', ['h', '127.0.0.1', 0, 0, 256]],
    ['open', ['h', 7, 0, 0, 0]],
    ['open', ['h', '127.0.0.1\0', 0, 0, 0]],
    ['open', ['h', '1'.repeat(128), 0, 0, 0]],
    ['close', ['h', -1]],
    ['close', ['h', 2 ** 32]],
    ['localPort', ['h', undefined]],
    ['wait', ['h', 1_000_001, 0]],
    ['wait', ['h', -1, 0]],
    ['wait', ['h', Number.POSITIVE_INFINITY, 0]],
    ['wait', ['h', 0, 8]],
    ['receive', ['h', bytes, 0, rows]],
    ['receive', ['h', bytes, 65_537, rows]],
    ['receive', ['h', new Int8Array(8), 8, rows]],
    ['receive', ['h', bytes.buffer, 8, rows]],
    ['receive', ['h', bytes, 8, new Uint32Array(44)]],
    ['send', ['h', bytes, rows, 44 / sendRow.words + 1]],
    ['send', ['h', bytes, rows, -1]],
    ['send', ['h', rows, rows, 1]],
    ['send', ['h', bytes, undefined, 1]],
    ['sendAlike', ['h', bytes, 65, rows, 1]],
    ['sendAlike', ['h', new Uint8Array(4096), 2049, rows, 1]],
    ['sendAlike', ['h', bytes, 64, rows, 12]],
    ['sendAlike', ['h', rows, 8, rows, 1]],
    ['sendAlike', ['h', bytes, 8, bytes, 1]],
    ['counters', ['h', rows]],
    ['encodeAddress', ['::1', new Int32Array(5)]],
    ['encodeAddress', [undefined, rows]],
    ['decodeAddress', [new Int32Array(5)]],
  ])('%s refuses bad arguments (case %#)', (name, given) => {
    const handle = addon.create()
    const withHandle = given.map((value) => (value === 'h' ? handle : value))
    expect(() => call(name, ...withHandle)).toThrow(RangeError)
    addon.destroy(handle)
  })

  it('refuses a handle that was destroyed, and never gives it out again', () => {
    const handle = addon.create()
    addon.destroy(handle)
    expect(() => addon.wait(handle, 0, 0)).toThrow(RangeError)
    const next = addon.create()
    expect(next).not.toBe(handle)
    addon.destroy(next)
  })

  it('takes a detached or empty buffer for one without room', () => {
    const handle = addon.create()
    const slot = addon.open(handle, '127.0.0.1', 0, 0, 0)
    const detached = new Uint8Array(4096)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    expect(addon.receive(handle, detached, 2048, rows)).toBe(0)
    const table = Int32Array.from([slot, 0, 10, 9, 4, 0x0100007f, 0, 0, 0, 0])
    expect(addon.send(handle, detached, table, 1)).toBe(0)
    const counts = new Float64Array(7)
    addon.counters(handle, counts)
    expect(counts[6]).toBe(1)
    addon.destroy(handle)
  })

  it('does not give a slot out again soon after it was closed', () => {
    const handle = addon.create()
    const closed = new Set<number>()
    for (let index = 0; index < 30; index += 1) {
      const slot = addon.open(handle, '127.0.0.1', 0, 0, 0)
      expect(closed.has(slot)).toBe(false)
      addon.close(handle, slot)
      closed.add(slot)
      expect(addon.close(handle, slot)).toBeLessThan(0)
    }
    addon.destroy(handle)
  })

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::', '::'],
    ['fe80::1%1', 'fe80::1%lo'],
  ])('reads %s and writes %s', (given, written) => {
    const words = new Int32Array(6)
    expect(addon.encodeAddress(given, words)).toBe(given.includes(':') ? 6 : 4)
    expect(addon.decodeAddress(words)).toBe(written)
  })

  it('waits to its deadline, and not longer for having nothing to do', () => {
    const handle = addon.create()
    const late = Array.from({ length: 20 }, () => {
      const before = performance.now()
      expect(addon.wait(handle, 2000, 0)).toBe(woken.deadline)
      return performance.now() - before - 2
    })
    late.sort((one, other) => one - other)
    expect(late[0]).toBeGreaterThanOrEqual(0)
    expect(late[10]).toBeLessThan(1)
    expect(rows.length).toBe(4 * receiveRow.words)
    addon.destroy(handle)
  })

  it('is woken at once by a message from another thread, ends when terminated, and leaves no descriptor', async () => {
    const before = readdirSync('/proc/self/fd').length
    const worker = new Worker(new URL('./waiting-worker.ts', import.meta.url))
    // Between the first answer and the second message lies a wait.
    worker.postMessage('are you up?')
    await once(worker, 'message')
    const asked = performance.now()
    worker.postMessage('what woke you?')
    expect(await once(worker, 'message')).toEqual([{ last: woken.loop }])
    expect(performance.now() - asked).toBeLessThan(500)
    const ending = performance.now()
    await worker.terminate()
    expect(performance.now() - ending).toBeLessThan(500)
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })
})
