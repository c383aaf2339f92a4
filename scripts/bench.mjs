// `npm run bench:capacity`: compares this server with Janus AudioBridge. Options are those of bench/capacity/main.ts.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { environment, nativeAddon, node, packages, root } from './bootstrap.mjs'

const binary = node()
packages()
nativeAddon()
const child = spawn(binary, [join(root, 'bench', 'capacity', 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: environment(binary),
})
// The terminal sends Ctrl-C to the whole group: the bench ends its servers and decides when to stop.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.stdin.isTTY || child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
