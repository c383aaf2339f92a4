// The native addon for tests: built when it is not, or the reason why there is none.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { loadNativeAddon, type NativeLookup } from '../../src/media/native-addon.ts'

const script = fileURLToPath(new URL('../../scripts/build-native.mjs', import.meta.url))

export function builtAddon(): NativeLookup {
  const { stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  const found = loadNativeAddon()
  return found.addon ? found : { reason: stdout.trim() || found.reason }
}
