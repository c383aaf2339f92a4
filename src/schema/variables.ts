// Seed variables of a flow, as POST /calls and POST /activeflows take them: a flat map of strings with limits.
import { UserError } from '../base/errors.ts'

const maxKeys = 100
const maxValueBytes = 32 * 1024
const maxTotalBytes = 64 * 1024

/**
 * The variables to start with. `voipbin.*` keys are left out, since the server owns them; when a limit is exceeded all
 * are left out, and the flow starts all the same. Throws INVALID_VARIABLES for anything but a flat map of strings.
 */
export function seedVariables(value: unknown): Record<string, string> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('variables must be an object of strings')
  const seeds: [string, string][] = []
  let total = 0
  let fits = true
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw invalid(`variables.${key} must be a string: write it in quotes`)
    const size = Buffer.byteLength(text)
    total += Buffer.byteLength(key) + size
    fits &&= size <= maxValueBytes
    if (!key.startsWith('voipbin.')) seeds.push([key, text])
  }
  fits &&= total <= maxTotalBytes && Object.keys(value).length <= maxKeys
  return fits ? Object.fromEntries(seeds) : {}
}

const invalid = (message: string): UserError =>
  new UserError('INVALID_VARIABLES', message, { details: [{ field: 'variables' }] })
