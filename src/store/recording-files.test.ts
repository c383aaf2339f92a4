import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Bug, OperationalError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import { wavHeader } from '../media/recording/wav-header.ts'
import type { RecordingFiles } from '../recording/ports.ts'
import { openRecordingFiles } from './recording-files.ts'

let folder = ''
let files: RecordingFiles
beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'partyline-recording-files-')), 'recordings')
  files = await openRecordingFiles(folder)
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

const id = newUuid()

/** A file whose head says that it is empty, as a crash leaves it. */
function leave(name: string, samples: number): void {
  writeFileSync(files.pathOf(name), Buffer.concat([wavHeader(16_000, 0), Buffer.alloc(samples * 2, 1)]))
}

async function bytesOf(name: string, start: number, end: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of files.read(name, start, end)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

it('lists the files of one recording only, for the owner’s eyes', async () => {
  leave(`${id}_out.wav`, 1)
  leave(`${id}_in.wav`, 1)
  leave(`${newUuid()}_in.wav`, 1)
  writeFileSync(join(folder, `${id}_in.wav.tmp`), '')
  expect(await files.namesOf(id)).toEqual([`${id}_in.wav`, `${id}_out.wav`])
  expect(statSync(folder).mode & 0o077).toBe(0)
})

it('mends what a crash left, and describes it', async () => {
  leave(`${id}_in.wav`, 16_000)
  const file = await files.mend(`${id}_in.wav`)
  const digest = createHash('sha256')
    .update(await bytesOf(`${id}_in.wav`, 0, 1e9))
    .digest('hex')
  expect(file).toEqual({ name: `${id}_in.wav`, bytes: 32_080, duration_ms: 1000, sha256: digest })
  expect(await files.mend(`${id}_in.wav`)).toEqual(file)
  expect(await files.mend(`${id}_out.wav`)).toBeUndefined()
  writeFileSync(files.pathOf(`${id}_out.wav`), 'rubbish')
  expect(await files.mend(`${id}_out.wav`)).toBeUndefined()
})

it('joins parts into one and removes them', async () => {
  for (const name of [`${id}_in.wav`, `${id}_in.part0002.wav`]) {
    leave(name, 16_000)
    await files.mend(name)
  }
  const parts = [
    { name: `${id}_in.wav`, gapMs: 0 },
    { name: `${id}_in.part0002.wav`, gapMs: 250 },
  ]
  expect(await files.join(`${id}_in.wav`, parts)).toMatchObject({ name: `${id}_in.wav`, duration_ms: 2250 })
  expect(readdirSync(folder)).toEqual([`${id}_in.wav`])
})

it('begins without what a join left that a crash cut off', async () => {
  leave(`${id}_in.wav`, 1)
  writeFileSync(join(folder, `${id}_in.wav.tmp`), '')
  await openRecordingFiles(folder)
  expect(readdirSync(folder)).toEqual([`${id}_in.wav`])
})

it('reads a range, both ends included, and closes the file when nobody reads on', async () => {
  writeFileSync(files.pathOf(`${id}_in.wav`), 'abcdefgh')
  expect((await bytesOf(`${id}_in.wav`, 2, 4)).toString()).toBe('cde')
  expect(await files.size(`${id}_in.wav`)).toBe(8)
  for await (const chunk of files.read(`${id}_in.wav`, 0, 7)) {
    expect(chunk.length).toBe(8)
    break
  }
  await expect(bytesOf(`${id}_out.wav`, 0, 1)).rejects.toBeInstanceOf(OperationalError)
})

it('removes files, and those that are not there', async () => {
  leave(`${id}_in.wav`, 1)
  await files.remove([`${id}_in.wav`, `${id}_out.wav`])
  expect(readdirSync(folder)).toEqual([])
  expect(await files.size(`${id}_in.wav`)).toBeUndefined()
})

it.each(['../secret.key', `${id}_in.wav/../../x`, `${id}_in.exe`, '', '/etc/passwd'])(
  'has no path for the name %j',
  (name) => {
    expect(() => files.pathOf(name)).toThrow(Bug)
  },
)

it('knows the room that is left, and says when the folder cannot be made', async () => {
  expect(await files.freeBytes()).toBeGreaterThan(0)
  writeFileSync(join(folder, 'file'), '')
  await expect(openRecordingFiles(join(folder, 'file', 'deeper'))).rejects.toThrow('cannot be made')
})
