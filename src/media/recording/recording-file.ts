// The file of one recording as its writer sees it: appended to, its first octets rewritten in place, and made safe on the disk.
import { type FileHandle, open, statfs } from 'node:fs/promises'
import { OperationalError } from '../../base/errors.ts'

/** Where a recording goes. Every method throws what the system says. */
export interface RecordingFile {
  append(bytes: Uint8Array): Promise<void>
  /** Overwrites from the beginning on. */
  rewriteHead(bytes: Uint8Array): Promise<void>
  truncate(bytes: number): Promise<void>
  /** Comes back when everything survives a loss of power. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Why a recording ended before it was told to. */
export type RecordingFailure = 'disk_full' | 'file_too_large' | 'write_error' | 'engine_closed'

const reasons: Readonly<Record<string, RecordingFailure>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EFBIG: 'file_too_large',
}

export const failureOf = (error: unknown): RecordingFailure => reasons[errorCode(error)] ?? 'write_error'

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Room that recordings leave on the disk for everybody else, octets. */
const defaultReserve = 64 * 2 ** 20

/** Creates a file that must not exist yet, which fails like on a full disk when only the reserve is left. Throws OperationalError. */
export async function createRecordingFile(path: string, reserve = defaultReserve): Promise<RecordingFile> {
  try {
    return new DiskFile(path, await open(path, 'wx', 0o640), reserve)
  } catch (cause) {
    throw new OperationalError(`The recording ${path} cannot be created: ${errorCode(cause) || String(cause)}`, {
      cause,
    })
  }
}

class DiskFile implements RecordingFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #reserve: number
  #bytes = 0

  constructor(path: string, handle: FileHandle, reserve: number) {
    this.#path = path
    this.#handle = handle
    this.#reserve = reserve
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#bytes)
      done += bytesWritten
      this.#bytes += bytesWritten
    }
  }

  async rewriteHead(bytes: Uint8Array): Promise<void> {
    await this.#handle.write(bytes, 0, bytes.length, 0)
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes)
  }

  async sync(): Promise<void> {
    await this.#handle.datasync()
    const { bavail, bsize } = await statfs(this.#path)
    if (bavail * bsize < this.#reserve)
      throw Object.assign(new Error(`less than ${this.#reserve} octets are left on the disk`), { code: 'ENOSPC' })
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
