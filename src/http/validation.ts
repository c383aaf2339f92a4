// Checks what came from outside against a schema, and says of each mistake which field it is in and how to put it right.
import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { Clean } from 'typebox/value'
import { type ErrorCode, UserError } from '../base/errors.ts'

interface Fault {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
}

export interface CheckOptions {
  /** A correct value, to show what a field looks like. */
  readonly example?: Readonly<Record<string, unknown>> | undefined
  /** What the whole is called in messages, e.g. `the body`. */
  readonly whole: string
  /** Code of a fault; by default INVALID_JSON_BODY for a wrong JSON type and INVALID_ARGUMENT otherwise. */
  readonly code?: ErrorCode
  /** The values given are scalars under names of the schema: there is nothing to clean. */
  readonly flat?: boolean
}

/** A checker: answers the value without the keys that the schema does not know, or throws UserError with all faults in `details`. */
export function checker<T extends TObject>(
  schema: T,
  options: CheckOptions,
): (value: Record<string, unknown>) => Static<T> {
  const validator = Compile(schema)
  return (value) => {
    const clean: unknown = options.flat ? value : Clean(schema, withoutNulls(value))
    if (validator.Check(clean)) return clean
    const faults = validator.Errors(clean)
    const details = faults.flatMap((fault) => describe(schema, fault, options))
    const code = options.code ?? (faults[0]?.keyword === 'type' ? 'INVALID_JSON_BODY' : 'INVALID_ARGUMENT')
    throw new UserError(code, details[0]?.fix ?? `${options.whole} is not as described in /docs`, { details })
  }
}

/** Clients without a notion of "absent" send null for it. */
const withoutNulls = (value: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null))

type Detail = Record<string, unknown> & { readonly field: string; readonly fix: string }

function describe(schema: TObject, fault: Fault, { example, whole }: CheckOptions): Detail[] {
  const path = fieldName(fault.instancePath)
  if (fault.keyword === 'required') {
    const missing = 'requiredProperties' in fault.params ? fault.params.requiredProperties : []
    return (Array.isArray(missing) ? missing : []).map((name: unknown) => {
      const field = path === '' ? String(name) : `${path}.${String(name)}`
      return { field, fix: `${field} is missing: add ${sample(field, example) ?? 'it'}` }
    })
  }
  const field = path === '' ? whole : path
  const hint = sample(field, example)
  return [{ field, fix: `${field} ${wish(schema, fault)}${hint === undefined ? '' : `, for example ${hint}`}` }]
}

function wish(schema: TObject, fault: Fault): string {
  const params: Readonly<Record<string, unknown>> = { ...fault.params }
  switch (fault.keyword) {
    case 'type':
      return `must be ${article(String(params['type']))}`
    case 'enum':
      return `must be one of ${list(params['allowedValues'])}`
    case 'format':
      return `must be a ${String(params['format']).toUpperCase()}`
    case 'minimum':
    case 'maximum':
      return `must be ${String(params['comparison'])} ${String(params['limit'])}`
    case 'minItems':
      return `must have at least ${String(params['limit'])} ${params['limit'] === 1 ? 'entry' : 'entries'}`
    default:
      return `must be ${description(schema, fault.schemaPath) ?? 'as described in /docs'}`
  }
}

/** The description of the schema at a path such as `#/properties/pre_flow_id`. */
function description(schema: TObject, path: string): string | undefined {
  let node: unknown = schema
  for (const step of path.split('/').slice(1)) node = isRecord(node) ? node[step] : undefined
  return isRecord(node) && typeof node['description'] === 'string' ? node['description'] : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const sample = (field: string, example: CheckOptions['example']): string | undefined =>
  example && field in example ? `"${field}": ${JSON.stringify(example[field])}` : undefined

/** `/destinations/0/target` → `destinations[0].target` */
const fieldName = (pointer: string): string =>
  pointer
    .slice(1)
    .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.')
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)

const list = (values: unknown): string =>
  (Array.isArray(values) ? values : []).map((value) => (value === '' ? 'an empty string' : String(value))).join(', ')
