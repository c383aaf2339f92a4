// Where the octets of what is played come from: a file, read in pieces.
import { open } from 'node:fs/promises'
import { PlayFailure } from './play-failure.ts'

export interface ByteSource {
  /** The next octets, undefined at the end. Throws PlayFailure. */
  read(): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

/** What is played: a file of this machine, or an address (http, https). */
export type PlaySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }

const pieceBytes = 16_384

/** Throws PlayFailure. */
export async function openFileSource(path: string): Promise<ByteSource> {
  try {
    const file = await open(path)
    if (!(await file.stat()).isFile()) {
      await file.close()
      throw new PlayFailure('unsupported', `${path} is not a file.`)
    }
    return {
      async read() {
        const { bytesRead, buffer } = await file.read(new Uint8Array(pieceBytes), 0, pieceBytes, null)
        return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
      },
      close: () => file.close(),
    }
  } catch (error) {
    if (error instanceof PlayFailure) throw error
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new PlayFailure(missing ? 'not_found' : 'unreachable', `${path} cannot be read: ${String(error)}`)
  }
}
