import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const file = fileURLToPath(new URL('./thread-priority.ts', import.meta.url))

// In a process of its own: what is lowered stays so.
const program = `
  import { readdirSync, readFileSync } from 'node:fs'
  import { getPriority } from 'node:os'
  import { Worker } from 'node:worker_threads'
  import { favourThreads } from ${JSON.stringify(file)}
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true, name: 'media' })
  worker.once('online', () => {
    favourThreads('media')
    const found = readdirSync('/proc/self/task').map((id) => [
      readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim(), getPriority(Number(id))])
    process.stdout.write(JSON.stringify(found))
    process.exit()
  })
`

it.skipIf(!existsSync('/proc/self/task'))('lowers every thread but the favoured ones', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(stderr).not.toContain('Error')
  const found = JSON.parse(stdout) as [string, number][]
  const favoured = found.filter(([name]) => name === 'media').map(([, priority]) => priority)
  const others = found.filter(([name]) => name !== 'media').map(([, priority]) => priority)
  expect(favoured).toHaveLength(1)
  expect(others.length).toBeGreaterThan(0)
  for (const priority of others) expect(priority).toBe(5)
  expect(favoured[0]).toBeLessThan(5)
})
