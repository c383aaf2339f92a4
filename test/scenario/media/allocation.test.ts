// The tick allocates nothing per packet once it is warm; what little there is are RTCP reports, one a leg in five seconds.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { report } from './measure.ts'

const script = fileURLToPath(new URL('./allocation-run.ts', import.meta.url))

async function run(codecs: readonly string[]): Promise<{ octets: number; sent: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...codecs])
  return JSON.parse(stdout)
}

describe('allocation', () => {
  it.each([
    ['one rate', ['PCMU', 'PCMA', 'PCMU', 'PCMA', 'PCMU', 'PCMA', 'PCMU', 'PCMA']],
    ['two rates', ['PCMU', 'G722', 'PCMA', 'G722', 'PCMU', 'G722']],
    // Compiling allocates as well, when the engine sees fit: another run then shows what the tick itself takes.
  ] as const)('at %s: next to none per packet in 10,000 ticks', { retry: 2 }, async (name, codecs) => {
    const { octets, sent } = await run(codecs)
    report(`allocation, ${name}`, `${octets.toFixed(1)} octets of heap per packet received and sent`)
    expect(sent).toBe(10_000 * codecs.length * 172)
    expect(octets).toBeLessThan(16)
  })
})
