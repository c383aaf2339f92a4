// Runs a script under the right Node with the packages installed: `node scripts/with-node.mjs FILE [args]`.
import { spawn } from 'node:child_process'
import { environment, nativeAddon, node, packages, root } from './bootstrap.mjs'

const binary = node()
packages()
nativeAddon()
const child = spawn(binary, process.argv.slice(2), { cwd: root, stdio: 'inherit', env: environment(binary) })
// The terminal sends Ctrl-C to the whole group: the child drains and decides when to end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.stdin.isTTY || child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
