// What a test needs from the machine, and the reason it gives when that is missing.
import { spawnSync } from 'node:child_process'

/** Undefined when the program runs, otherwise why the test is skipped. */
export function lacks(program: 'sipp' | 'baresip' | 'linphonec' | 'curl' | 'openssl'): string | undefined {
  const flag = { curl: '--version', openssl: 'version', sipp: '-v', baresip: '-h', linphonec: '-v' }[program]
  const { error } = spawnSync(program, [flag], { timeout: 10_000 })
  return error ? `${program} is not installed${program === 'linphonec' ? ' (package linphone-cli)' : ''}` : undefined
}

/** For `skipIf`: true when something is missing, and says so, since a reporter may not name what was skipped. */
export function skips(what: string, missing: string | undefined): boolean {
  if (missing !== undefined) console.warn(`skipped: ${what}: ${missing}`)
  return missing !== undefined
}

/** Asks again until `probe` answers something other than undefined; for states that only polling shows. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}
