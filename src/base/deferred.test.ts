// A promise settled by its owner.
import { describe, expect, it } from 'vitest'
import { Deferred } from './deferred.ts'

describe('a deferred promise', () => {
  it('resolves for who asked before and who asks after', async () => {
    const deferred = new Deferred()
    const before = deferred.promise
    deferred.resolve()
    await expect(Promise.all([before, deferred.promise])).resolves.toEqual([undefined, undefined])
  })

  it('keeps its first outcome', async () => {
    const deferred = new Deferred()
    deferred.resolve()
    deferred.reject(new Error('late'))
    await expect(deferred.promise).resolves.toBeUndefined()
  })

  it('may be rejected while nobody waits', async () => {
    const deferred = new Deferred()
    deferred.reject(new Error('over'))
    await new Promise((resolve) => setImmediate(resolve))
    await expect(deferred.promise).rejects.toThrow('over')
  })
})
