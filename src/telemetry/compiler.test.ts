import { spawnSync } from 'node:child_process'
import { expect, it, vi } from 'vitest'
import { compileSooner } from './compiler.ts'

const flags = vi.hoisted((): string[] => [])
vi.mock('node:v8', () => ({ setFlagsFromString: (flag: string) => flags.push(flag) }))

it('sets a flag that this V8 knows', () => {
  compileSooner()
  expect(flags).toHaveLength(1)
  const { status, stderr } = spawnSync(process.execPath, [...flags, '--eval', '0'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
