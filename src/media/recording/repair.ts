// What a crash left behind, made whole at boot: sizes in WAV heads follow the file, Ogg files end after their last whole page.
// Files that need nothing are not touched; files that are not ours are reported and left alone.
import { createHash } from 'node:crypto'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findCapture, markLast, maxPageBytes, type OggPage, pageFlag, readPage } from './ogg-page.ts'
import { readOwnWavHeader, wavHeader, wavHeaderBytes } from './wav-header.ts'

/** A recording that was cut off and is whole now. */
export interface RepairedRecording {
  readonly path: string
  readonly bytes: number
  readonly durationMs: number
  readonly sha256: string
}

/** What became of one file: nothing was wrong with it, it is whole now, or it is no recording of ours. */
export type RepairOutcome =
  | { readonly kind: 'whole' | 'repaired'; readonly bytes: number; readonly durationMs: number }
  | { readonly kind: 'unreadable'; readonly reason: string }

export interface RepairReport {
  readonly repaired: readonly RepairedRecording[]
  /** Files with the name of a recording that hold none, and why. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[]
}

const hashChunk = 1_048_576
const granulesPerMs = 48

/** Repairs every `.wav` and `.ogg` file of a folder, which no engine may be writing to. A folder that is not there holds none. */
export async function repairRecordings(directory: string): Promise<RepairReport> {
  const repaired: RepairedRecording[] = []
  const unreadable: { path: string; reason: string }[] = []
  for (const name of await recordingNames(directory)) {
    const path = join(directory, name)
    const outcome = await repairRecording(path)
    if (outcome.kind === 'unreadable') unreadable.push({ path, reason: outcome.reason })
    if (outcome.kind !== 'repaired') continue
    const { bytes, durationMs } = outcome
    repaired.push({ path, bytes, durationMs, sha256: await hashFile(path) })
  }
  return { repaired, unreadable }
}

/** SHA-256 of a file, hexadecimal, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    const chunk = Buffer.alloc(hashChunk)
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(chunk.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}

async function recordingNames(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isFile() && /\.(wav|ogg)$/.test(entry.name)).map((entry) => entry.name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** Repairs one file, which no engine may be writing to. Never throws. */
export async function repairRecording(path: string): Promise<RepairOutcome> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r+')
    return await (path.endsWith('.wav') ? repairWav(file) : repairOgg(file))
  } catch (error) {
    return { kind: 'unreadable', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await file?.close()
  }
}

async function repairWav(file: FileHandle): Promise<RepairOutcome> {
  const { size } = await file.stat()
  const known = readOwnWavHeader(await readAt(file, 0, wavHeaderBytes))
  if (!known) return { kind: 'unreadable', reason: 'it does not begin with the header of a recording' }
  const dataBytes = Math.floor((size - wavHeaderBytes) / 2) * 2
  const bytes = wavHeaderBytes + dataBytes
  const durationMs = Math.round((dataBytes * 500) / known.sampleRate)
  if (known.dataBytes === dataBytes && size === bytes) return { kind: 'whole', bytes, durationMs }
  await file.truncate(bytes)
  await file.write(wavHeader(known.sampleRate, dataBytes), 0, wavHeaderBytes, 0)
  await file.datasync()
  return { kind: 'repaired', bytes, durationMs }
}

async function repairOgg(file: FileHandle): Promise<RepairOutcome> {
  const { size } = await file.stat()
  const first = readPage(await readAt(file, 0, maxPageBytes), 0)
  const preSkip = first.kind === 'page' ? preSkipOf(first.page) : undefined
  if (first.kind !== 'page' || preSkip === undefined)
    return { kind: 'unreadable', reason: 'it does not begin with the header of an Opus stream' }
  const found = await lastPage(file, size, first.page.serial)
  if (!found) return { kind: 'unreadable', reason: 'it holds no whole page' }
  const end = found.offset + found.page.length
  const wasLast = (found.page.flags & pageFlag.last) !== 0
  const durationMs = Math.round(Math.max(0, found.page.granule - preSkip) / granulesPerMs)
  if (wasLast && end === size) return { kind: 'whole', bytes: end, durationMs }
  const page = await readAt(file, found.offset, found.page.length)
  markLast(page)
  await file.truncate(end)
  await file.write(page, 0, page.length, found.offset)
  await file.datasync()
  return { kind: 'repaired', bytes: end, durationMs }
}

function preSkipOf(page: OggPage): number | undefined {
  const { body } = page
  const text = new TextDecoder('latin1').decode(body.subarray(0, 8))
  return text === 'OpusHead' && body.length >= 19 ? (body[10] ?? 0) | ((body[11] ?? 0) << 8) : undefined
}

/** The last whole page of the stream, looked for in pieces from the end of the file backwards. */
async function lastPage(
  file: FileHandle,
  size: number,
  serial: number,
): Promise<{ page: OggPage; offset: number } | undefined> {
  for (let end = size; end > 0; end -= maxPageBytes) {
    // A page that starts in this piece may reach into the next.
    const start = Math.max(0, end - maxPageBytes)
    const bytes = await readAt(file, start, Math.min(size - start, 2 * maxPageBytes))
    let last: OggPage | undefined
    for (let at = findCapture(bytes, 0); at >= 0 && start + at < end; ) {
      const result = readPage(bytes, at)
      const ours = result.kind === 'page' && result.page.serial === serial
      if (ours) last = result.page
      at = findCapture(bytes, ours ? at + result.page.length : at + 1)
    }
    if (last) return { page: last, offset: start + last.at }
  }
  return undefined
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const { bytesRead } = await file.read(bytes, 0, length, at)
  return bytes.subarray(0, bytesRead)
}
