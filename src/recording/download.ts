// What a client downloads of a recording: its file, or a tar of its files. Either is a row of segments, of which any range can be read.
import type { RecordingRow } from '../schema/rows.ts'
import type { RecordingFiles } from './ports.ts'
import { tarEnd, tarHeader, tarPadding } from './tar.ts'

export interface Download {
  /** Name to save it under. */
  readonly name: string
  readonly contentType: string
  readonly bytes: number
  /** Changes whenever the content does; without quotes. */
  readonly tag: string
  /** Octets `start` to `end`, both included. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

type Segment = { readonly bytes: number } & ({ readonly content: Uint8Array } | { readonly file: string })

const types = { wav: 'audio/wav', ogg: 'audio/ogg' } as const

/** Undefined when a file is not there any more. */
export async function downloadOf(row: RecordingRow, files: RecordingFiles): Promise<Download | undefined> {
  const parts: { readonly name: string; readonly bytes: number }[] = []
  for (const { name } of row.files) {
    const bytes = await files.size(name)
    if (bytes === undefined) return undefined
    parts.push({ name, bytes })
  }
  const [only] = parts
  if (only === undefined) return undefined
  const single = parts.length === 1
  const segments = single ? [{ bytes: only.bytes, file: only.name }] : tarOf(parts, row)
  return {
    name: single ? only.name : `${row.id}.tar`,
    contentType: single ? types[row.format] : 'application/x-tar',
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    tag: row.files.map(({ sha256 }) => sha256.slice(0, 32)).join('-'),
    read: (start, end) => readSegments(segments, { start, end, files }),
  }
}

function tarOf(parts: readonly { name: string; bytes: number }[], row: RecordingRow): Segment[] {
  const modified = Date.parse(`${row.tm_end.replace(' ', 'T')}Z`) / 1000 || 0
  const content = (bytes: Uint8Array): Segment => ({ bytes: bytes.length, content: bytes })
  return [
    ...parts.flatMap(({ name, bytes }) => [
      content(tarHeader({ name, bytes, modified })),
      { bytes, file: name },
      content(tarPadding(bytes)),
    ]),
    content(tarEnd()),
  ]
}

async function* readSegments(
  segments: readonly Segment[],
  { start, end, files }: { readonly start: number; readonly end: number; readonly files: RecordingFiles },
): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const segment of segments) {
    const from = Math.max(start - at, 0)
    const to = Math.min(end - at, segment.bytes - 1)
    at += segment.bytes
    if (from > to) continue
    if ('content' in segment) yield segment.content.subarray(from, to + 1)
    else yield* files.read(segment.file, from, to)
  }
}
