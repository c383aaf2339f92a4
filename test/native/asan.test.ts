// The fuzz of the native boundary once more, with the addon built by gcc's address, leak and undefined-behaviour sanitizers.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))
const root = join(folder, '../..')

/** The sanitizer's library, which must be loaded before Node; or why that cannot be. */
function sanitizer(): { readonly library: string; readonly file: string } | { readonly reason: string } {
  const { stdout } = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' })
  const library = stdout?.trim() ?? ''
  if (!existsSync(library)) return { reason: 'gcc with libasan is not installed' }
  const build = spawnSync(process.execPath, ['scripts/build-native.mjs', '--asan', '--require'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CC: 'gcc' },
  })
  const file = /: (\S+-asan\.node)$/m.exec(build.stdout)?.[1]
  return file ? { library, file: join(root, file) } : { reason: build.stdout.trim() }
}

interface Output {
  readonly stdout: string
  readonly stderr: string
}

async function fuzz(under: { readonly library: string; readonly file: string }, seed: number): Promise<Output> {
  const sanitizers = {
    LD_PRELOAD: under.library,
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=77',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
  const script = [join(folder, 'fuzz-binding.ts'), under.file, String(seed), '40000']
  const run = promisify(execFile)(process.execPath, script, { env: { ...process.env, ...sanitizers } })
  return run.catch((error: Error & Output & { readonly code?: unknown }) => {
    if (error.code === 77) return error
    throw error
  })
}

const found = sanitizer()
const title = (text: string): string => ('reason' in found ? `${text} (${found.reason})` : text)

describe('native boundary under sanitizers', () => {
  it.skipIf('reason' in found).each([11, 12])(
    title('seed %i: no bad access, no leak, no undefined behaviour'),
    async (seed) => {
      if ('reason' in found) return
      const { stdout, stderr } = await fuzz(found, seed)
      // Said at the end: a bad access would have ended it before. Node has a leak of its own, which is not ours to judge.
      expect(stdout, stderr).toContain('"calls":40000')
      expect(stderr).not.toMatch(/(sockets|binding)\.c|runtime error/)
    },
  )
})
