// Holds src/ to its layers: imports point down only, shells stand alone, cores do no I/O, nothing goes in a circle.
// Reads the import lines that the formatter guarantees; prints what a newcomer can act on and exits 1 when a rule is broken.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { root } from './bootstrap.mjs'

const layers = [
  ['base'],
  ['sip', 'sdp', 'rtp', 'codec', 'dsp', 'schema'],
  ['media'],
  ['account', 'flow', 'call', 'conference', 'conversation', 'routing', 'recording', 'event'],
  ['http', 'net', 'store', 'telemetry'],
  ['main.ts', 'server.ts', 'domain.ts', 'config.ts', 'setting-table.ts'],
]
const shells = layers[4]
/** Folders that may do I/O: the shells, and the worker side of the media engine. */
const withIo = new Set([...shells, 'media', ...layers[5]])
const ioModules =
  /^node:(fs|net|dgram|http|https|http2|tls|child_process|worker_threads|dns|os|process|timers|readline)(\/.*)?$/
const importLine = /^(?:import|export)\s(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm

const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !/\.(test|suite)\.ts$/.test(file))
const place = (file) => file.split('/')[1]
const level = (folder) => layers.findIndex((folders) => folders.includes(folder))
const broken = []
const graph = new Map()

for (const file of files) {
  const text = readFileSync(join(root, file), 'utf8')
  const own = place(file)
  const targets = []
  graph.set(file, targets)
  if (level(own) < 0)
    broken.push(`${file}: the folder "${own}" is in no layer; add it to scripts/layers.mjs and ARCHITECTURE.md`)
  for (const [, typeOnly, named, bare] of text.matchAll(importLine)) {
    const wanted = named ?? bare
    if (ioModules.test(wanted) && !withIo.has(own)) {
      broken.push(
        `${file} imports ${wanted}: ${own}/ does no I/O. Let the caller pass the data in, or move this into http, net, store or telemetry.`,
      )
    }
    if (!wanted.startsWith('.')) continue
    const target = normalize(join(dirname(file), wanted))
    if (!target.startsWith('src/')) {
      broken.push(`${file} imports ${target}: src/ uses nothing from outside itself.`)
      continue
    }
    if (!typeOnly) targets.push(target)
    const other = place(target)
    if (level(other) > level(own)) {
      broken.push(
        `${file} imports ${target}: ${own}/ is layer ${level(own)} and may only import layers 0-${level(own)}. Move the code down, or declare an interface in ${own}/ and have server.ts pass the body in.`,
      )
    } else if (shells.includes(own) && shells.includes(other) && own !== other) {
      broken.push(
        `${file} imports ${target}: shells (${shells.join(', ')}) never import each other; server.ts joins them.`,
      )
    }
  }
}

const state = new Map()
const trail = []
function visit(file) {
  if (state.get(file) === 'done') return
  if (state.get(file) === 'open') {
    const circle = [...trail.slice(trail.indexOf(file)), file]
    broken.push(`circle: ${circle.join(' → ')}. Move what both need into a file of its own, lower down.`)
    return
  }
  state.set(file, 'open')
  trail.push(file)
  for (const target of graph.get(file) ?? []) visit(target)
  trail.pop()
  state.set(file, 'done')
}
for (const file of graph.keys()) visit(file)

for (const line of broken) console.error(line)
console.log(`layers: ${files.length} files, ${broken.length} broken rules`)
process.exit(broken.length === 0 ? 0 : 1)
