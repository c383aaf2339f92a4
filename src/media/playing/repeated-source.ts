// A source that is played again and again: what it gave the first time is kept, if that is little, so that no server is asked every second.
import type { ByteSource } from './byte-source.ts'

/** More than this is fetched anew. */
const mostKept = 4 * 2 ** 20

/** Opens like `open` the first time, and from memory once everything has been read and was little enough. */
export function repeatedSource(open: () => Promise<ByteSource>): () => Promise<ByteSource> {
  let kept: readonly Uint8Array[] | undefined
  return async () => {
    if (kept) return fromMemory(kept)
    return remembering(await open(), (pieces) => {
      kept = pieces
    })
  }
}

function fromMemory(pieces: readonly Uint8Array[]): ByteSource {
  let index = 0
  return {
    async read() {
      index += 1
      return pieces[index - 1]
    },
    close: async () => undefined,
  }
}

function remembering(source: ByteSource, done: (pieces: readonly Uint8Array[]) => void): ByteSource {
  let pieces: Uint8Array[] | undefined = []
  let bytes = 0
  return {
    async read() {
      const piece = await source.read()
      if (!pieces) return piece
      if (!piece) {
        done(pieces)
        return undefined
      }
      pieces.push(piece)
      bytes += piece.length
      if (bytes > mostKept) pieces = undefined
      return piece
    },
    close: () => source.close(),
  }
}
