// Builds the bench's C programs with the machine's own compiler, anew when a source changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const sources = {
  generator: ['generator.c', 'report.c', 'ears.c', 'opus.c'],
  floor: ['floor.c'],
} as const

/** Path of the built program. Throws when there is no C compiler. */
export function compile(program: keyof typeof sources): string {
  const files = readdirSync(folder).filter((name) => /\.[ch]$/.test(name))
  const digest = createHash('sha256')
  for (const file of files.sort()) digest.update(readFileSync(join(folder, file)))
  const directory = join(tmpdir(), 'partyline-bench')
  const path = join(directory, `${program}-${digest.digest('hex').slice(0, 12)}`)
  if (existsSync(path)) return path
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const fresh = `${path}.${process.pid}`
  const flags = ['-O3', '-ffast-math', '-std=gnu17', '-Wall', '-Wextra', '-o', fresh]
  const inputs = sources[program].map((name) => join(folder, name))
  const built = spawnSync('cc', [...flags, ...inputs, '-lm', '-ldl'], { encoding: 'utf8' })
  if (built.error)
    throw new Error('the load generator needs a C compiler named cc (Debian: apt-get install gcc libc6-dev)')
  if (built.status !== 0) throw new Error(`cc failed:\n${built.stderr}`)
  renameSync(fresh, path)
  return path
}
