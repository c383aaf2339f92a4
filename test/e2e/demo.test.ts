// The demo runs through without a terminal, says what it does, and leaves a WAV file in which the melodies are.
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { listen } from '../../demo/phone/ears.ts'
import { readWav } from '../../demo/phone/wav.ts'
import { Child } from './child.ts'

const program = fileURLToPath(new URL('../../demo/main.ts', import.meta.url))

test('three phones meet, one is kicked, and what the first heard is left as a WAV file', async () => {
  const demo = new Child([process.execPath, program, '--seconds', '8'])
  const { code } = await demo.exited
  expect(code, demo.output).toBe(0)
  for (const line of [/Anna dialled in/, /Ben dialled in/, /Carla is kicked/, /Anna +talks/, /Carla +kicked/]) {
    expect(demo.stdout).toMatch(line)
  }
  const path = /What Anna heard: (\/.*\.wav)/.exec(demo.stdout)?.[1] ?? ''
  const { samples, sampleRate } = readWav(readFileSync(path))
  rmSync(dirname(path), { recursive: true })
  // Anna herself plays 300 and 450 Hz, Ben 600, 750 and 900, Carla 1200, 1500 and 1800 until she is kicked.
  const [own, ben, carla] = listen(samples, sampleRate, [300, 600, 1500])
  expect(samples.length / sampleRate).toBeGreaterThan(7)
  expect(own?.share).toBe(0)
  expect(ben?.share).toBeGreaterThan(0.1)
  expect(carla?.share).toBeGreaterThan(0.05)
  expect((carla?.last ?? 0) / 50).toBeLessThan((ben?.last ?? 0) / 50 - 2)
})

test('a wrong option is one clear line', async () => {
  const demo = new Child([process.execPath, program, '--seconds', 'soon'])
  const { code } = await demo.exited
  expect(code).toBe(1)
  expect(demo.output.trim().split('\n')).toEqual([expect.stringContaining('--seconds')])
})
