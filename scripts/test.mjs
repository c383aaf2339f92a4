// `npm test`: brings what the tests need, runs them all, and ends with "N passed, N failed".
// Arguments go to the test runner: `npm test -- src/sip` runs a part.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment, nativeAddon, node, packages, root } from './bootstrap.mjs'

/** Debian packages and the command that shows that each is there. */
const tools = [
  ['sip-tester', 'sipp'],
  ['baresip', 'baresip'],
  ['linphone-cli', 'linphonec'],
  ['curl', 'curl'],
  ['iproute2', 'ip'],
  ['openssl', 'openssl'],
]

const has = (command) => spawnSync('which', [command], { stdio: 'ignore' }).status === 0
const quietly = (command, args) =>
  spawnSync(command, args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0

function debianPackages() {
  const missing = tools.filter(([, command]) => !has(command)).map(([name]) => name)
  if (missing.length === 0) return
  const root_ = process.getuid?.() === 0
  if (root_ && has('apt-get')) {
    console.log(`installing ${missing.join(' ')} with apt-get`)
    quietly('apt-get', ['update'])
    if (quietly('apt-get', ['install', '-y', '--no-install-recommends', ...missing])) return
  }
  const still = tools.filter(([, command]) => !has(command)).map(([name]) => name)
  if (still.length > 0)
    console.log(`not installed: ${still.join(' ')} (apt-get install them); the tests with these phones are skipped`)
}

const binary = node()
packages()
nativeAddon()
debianPackages()

const report = join(root, '.test', 'results.json')
rmSync(report, { force: true })
mkdirSync(join(root, '.test'), { recursive: true })
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]
const { status } = spawnSync(binary, args, { cwd: root, stdio: 'inherit', env: environment(binary) })

let results
try {
  results = JSON.parse(readFileSync(report, 'utf8'))
} catch {
  console.log('the test runner left no report')
  console.log('0 passed, 1 failed')
  process.exit(1)
}
// A file that could not be loaded has no tests of its own, yet it failed.
const brokenFiles = results.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
)
const passed = results.numPassedTests
const failed =
  results.numFailedTests +
  brokenFiles.length +
  (status !== 0 && results.numFailedTests + brokenFiles.length === 0 ? 1 : 0)
const skipped = results.numPendingTests + results.numTodoTests
for (const file of results.testResults) {
  for (const test of file.assertionResults) {
    if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${test.fullName}`)
  }
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
