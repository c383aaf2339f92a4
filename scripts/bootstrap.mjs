// Brings what a fresh clone lacks: Node 24 where the machine's own is older, and the npm packages of the lock file.
// Plain JavaScript for any Node from 20 on, since it runs before anything else is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const wanted = 24
const [ownMajor] = process.versions.node.split('.').map(Number)

function fail(line) {
  process.stderr.write(`partyline: ${line}\n`)
  process.exit(1)
}

/** Runs npm and prints its output only when it fails. */
function npm(args) {
  const windows = process.platform === 'win32'
  const result = spawnSync(windows ? 'npm.cmd' : 'npm', args, { cwd: root, encoding: 'utf8', shell: windows })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n`)
  fail(`"npm ${args.join(' ')}" failed; check the connection to the npm registry and run the command again`)
}

/** Path of a Node binary of version 24 or newer: this one, or the registry's, kept in `.node/`. */
export function node() {
  if (ownMajor >= wanted) return process.execPath
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  const prefix = join(root, '.node')
  const binary = join(prefix, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(binary)) {
    process.stderr.write(
      `partyline: Node ${process.versions.node} is too old; fetching Node ${wanted} from the npm registry\n`,
    )
    mkdirSync(prefix, { recursive: true })
    npm([
      'install',
      '--ignore-scripts',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--prefix',
      prefix,
      `${name}@${wanted}`,
    ])
    if (!existsSync(binary)) fail(`no Node ${wanted} for ${name} in the registry; install Node ${wanted} by hand`)
  }
  return binary
}

/** Installs the locked packages unless this very lock file is installed already. */
export function packages() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const digest = createHash('sha256').update(lock).digest('hex')
  const stamp = join(root, 'node_modules', '.partyline-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  process.stderr.write('partyline: installing packages\n')
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, digest)
}

/** Builds the native packet I/O where there is a C compiler; without one the server says what it uses instead. */
export function nativeAddon() {
  const script = join(root, 'scripts', 'build-native.mjs')
  const { status, stdout } = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8' })
  if (status !== 0 || stdout.includes('node:dgram')) process.stderr.write(`partyline: ${stdout.trim()}\n`)
}

/** Environment in which `node` is the right one for child processes too. */
export function environment(binary) {
  const separator = process.platform === 'win32' ? ';' : ':'
  return {
    ...process.env,
    PATH: `${dirname(binary)}${separator}${process.env.PATH ?? ''}`,
    // Without what Node keeps there each thread would strip the types of all its modules at each start, with a compiler of some 10 MiB.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.node', 'compile-cache'),
  }
}
