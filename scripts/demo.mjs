// `npm run demo`: three built-in phones meet in a conference on a server of their own. Options are those of demo/main.ts.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { environment, nativeAddon, node, packages, root } from './bootstrap.mjs'

const binary = node()
packages()
nativeAddon()
const child = spawn(binary, [join(root, 'demo', 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: environment(binary),
})
// The terminal sends Ctrl-C to the whole group: the demo tidies up and decides when to end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.stdin.isTTY || child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
