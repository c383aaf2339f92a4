// Checks an action's option against its schema and says in one sentence which field is wrong and what it should be.
// A string with a `${variable}` passes anywhere until the variable is known.
import type { TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { UserError } from '../base/errors.ts'

export interface OptionCheck {
  /** For storing: throws UserError INVALID_ARGUMENT naming the field below `path`. Unknown keys and `${…}` strings pass. */
  stored(option: Readonly<Record<string, unknown>>, path: string): void
  /**
   * For running: the option after substitution, with the schema's defaults filled in and texts turned into the numbers
   * and booleans that the schema asks for. Throws UserError INVALID_ARGUMENT.
   */
  ready(option: Readonly<Record<string, unknown>>): Record<string, unknown>
}

interface Validator {
  Check(value: unknown): boolean
  Errors(value: unknown): readonly Problem[]
}

type Problem = { readonly instancePath: string; readonly message: string; readonly keyword: string }

/** @param schema compiled when it is first used, to keep the start of the server short */
export function createOptionCheck(schema: TObject): OptionCheck {
  let validator: Validator | undefined
  const properties: Readonly<Record<string, TSchema & Facts>> = schema.properties
  const defaults = Object.entries(properties).filter(([, field]) => field.default !== undefined)

  const complete = (option: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    const whole = { ...option }
    for (const [key, field] of defaults) whole[key] ??= structuredClone(field.default)
    return whole
  }
  const refuse = (option: Record<string, unknown>, path: string, lenient: boolean): void => {
    const compiled: Validator = validator ?? Compile(schema)
    validator = compiled
    if (compiled.Check(option)) return
    for (const problem of compiled.Errors(option)) {
      const { value, where } = locate(option, problem.instancePath)
      if (lenient && typeof value === 'string' && value.includes('${')) continue
      const facts = properties[problem.instancePath.split('/')[1] ?? '']
      throw new UserError('INVALID_ARGUMENT', sentence(`${path}${where}`, problem, { value, facts }))
    }
  }
  return {
    stored: (option, path) => refuse(complete(option), path, true),
    ready: (option) => {
      const whole = complete(option)
      for (const [key, field] of Object.entries(properties)) whole[key] = coerce(whole[key], field)
      refuse(whole, 'option', false)
      return whole
    },
  }
}

/** The parts of a field's schema that are read here. */
interface Facts {
  readonly type?: string
  readonly default?: unknown
  readonly description?: string
}

function coerce(value: unknown, field: Facts): unknown {
  if (typeof value !== 'string') return value
  if ((field.type === 'integer' || field.type === 'number') && value.trim() !== '') return Number(value)
  if (field.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

/** The value at a JSON pointer (RFC 6901) and its address in the form `.destinations[0].type`. */
function locate(root: unknown, pointer: string): { readonly value: unknown; readonly where: string } {
  let value = root
  let where = ''
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    where += Array.isArray(value) ? `[${key}]` : `.${key}`
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  }
  return { value, where }
}

function sentence(path: string, problem: Problem, context: { value: unknown; facts: Facts | undefined }): string {
  const shown = JSON.stringify(context.value)?.slice(0, 60) ?? 'nothing'
  const rule = problem.keyword === 'pattern' || problem.keyword === 'enum' ? 'is not valid' : problem.message
  const hint = context.facts?.description
  return `${path} ${rule} (got ${shown})${hint ? `; it takes ${hint}` : ''}`
}
