// Who is told of something.
import { describe, expect, it } from 'vitest'
import { Listeners } from './listeners.ts'

describe('listeners', () => {
  it('are told in the order in which they began to listen, until they stop', () => {
    const told: string[] = []
    const listeners = new Listeners<[word: string]>()
    const stop = listeners.add((word) => told.push(`first ${word}`))
    listeners.add((word) => told.push(`second ${word}`))
    listeners.tell('a')
    stop()
    listeners.tell('b')
    listeners.clear()
    listeners.tell('c')
    expect(told).toEqual(['first a', 'second a', 'second b'])
  })

  it('may begin and stop to listen while they are told', () => {
    const told: string[] = []
    const listeners = new Listeners<[]>()
    const stop = listeners.add(() => {
      told.push('first')
      stop()
      listeners.add(() => told.push('third'))
    })
    listeners.add(() => told.push('second'))
    listeners.tell()
    expect(told).toEqual(['first', 'second'])
    listeners.tell()
    expect(told).toEqual(['first', 'second', 'second', 'third'])
  })
})
