// Builds the native packet I/O of native/ with the machine's C compiler; no work when this very source is built already.
// Where it cannot be built it says so in one line and ends well, since node:dgram does the same, slower. Runs on any Node from 20 on.
// Usage: node scripts/build-native.mjs [--require: fail where it cannot be built] [--asan: with sanitizers, for the fuzz]
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './bootstrap.mjs'

const folder = join(root, 'native')
const output = join(folder, 'build')
const headers = join(root, 'node_modules', 'node-api-headers', 'include')
const common = ['-std=c11', '-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-Wextra', `-I${headers}`]
const plain = ['-O2', '-fstack-protector-strong']
const sanitized = [
  '-O1',
  '-g',
  '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
]

const sources = () =>
  readdirSync(folder)
    .filter((name) => /\.[ch]$/.test(name))
    .sort()

/** The same names and octets that src/media/native-addon.ts digests. */
function digest() {
  const hash = createHash('sha256')
  for (const name of sources()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 16)
}

function compiler() {
  const candidates = [process.env.CC, 'cc', 'gcc', 'clang'].filter(Boolean).map((line) => line.split(/\s+/))
  return candidates.find(([name, ...args]) => spawnSync(name, [...args, '--version']).status === 0)
}

function compile([command, ...first], file, flags) {
  const part = `${file}.${process.pid}`
  const inputs = sources()
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(folder, name))
  const result = spawnSync(command, [...first, ...common, ...flags, ...inputs, '-o', part, '-lm'], { encoding: 'utf8' })
  // Renamed when whole: another process may be loading or building it.
  if (result.status === 0) renameSync(part, file)
  else rmSync(part, { force: true })
  return result.status === 0 ? undefined : `${result.stderr ?? ''}${result.error ?? ''}`
}

function removeOthers(hash) {
  for (const name of readdirSync(output))
    if (name.startsWith(`${process.platform}-${process.arch}-`) && name.endsWith('.node') && !name.includes(hash))
      rmSync(join(output, name), { force: true })
}

/** Returns the built file, or why there is none; `built` says whether there was work to do. */
export function buildNative({ asan = false, strict = false } = {}) {
  if (process.platform !== 'linux') return { reason: `it is for Linux, and this is ${process.platform}` }
  const hash = digest()
  const file = join(output, `${process.platform}-${process.arch}-${hash}${asan ? '-asan' : ''}.node`)
  if (existsSync(file)) return { file, built: false }
  const found = compiler()
  if (!found) return { reason: 'there is no C compiler (apt-get install gcc libc6-dev)' }
  if (!existsSync(join(headers, 'node_api.h'))) return { reason: 'the package node-api-headers is not installed' }
  mkdirSync(output, { recursive: true })
  const flags = asan ? sanitized : plain
  let complaint = compile(found, file, [...flags, '-Werror'])
  // A newer compiler's new warnings are no reason to go without.
  if (complaint !== undefined && !strict) complaint = compile(found, file, flags)
  if (complaint !== undefined) {
    const line = complaint.split('\n').find((text) => /error/i.test(text)) ?? complaint.split('\n')[0]
    return { reason: `${found[0]} failed: ${line}`, complaint }
  }
  removeOthers(hash)
  return { file, built: true }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const strict = process.argv.includes('--require')
  const { file, built, reason, complaint } = buildNative({ asan: process.argv.includes('--asan'), strict })
  if (file) console.log(`native packet I/O: ${built ? 'built' : 'up to date'}: ${relative(process.cwd(), file)}`)
  else console.log(`native packet I/O: not built, using node:dgram: ${reason}`)
  if (strict && complaint) process.stderr.write(complaint)
  process.exit(file || !strict ? 0 : 1)
}
