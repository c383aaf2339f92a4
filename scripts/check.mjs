// The static checks: format and lint, types, layers, generated files. Prints each and fails if one failed.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { environment, root } from './bootstrap.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)
const checks = [
  [
    'format and lint',
    bin('biome'),
    ['ci', '--error-on-warnings', ...(process.stdout.isTTY ? [] : ['--colors=off']), '.'],
  ],
  ['types', bin('tsc'), ['-p', '.']],
  ['layers', process.execPath, ['scripts/layers.mjs']],
  ['generated files', process.execPath, ['scripts/generate-actions.mjs', '--check']],
].filter(([, , args]) => !args[0].startsWith('scripts/') || existsSync(join(root, args[0])))

let failed = 0
for (const [name, command, args] of checks) {
  console.log(`== ${name}`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: environment(process.execPath) })
  if (status !== 0) {
    failed += 1
    console.log(`== ${name} FAILED`)
  }
}
process.exit(failed === 0 ? 0 : 1)
