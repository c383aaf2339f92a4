// Query strings: the first value of each known name, integers as numbers, empty values as absent.
import type { Static, TObject } from 'typebox'
import { UserError } from '../base/errors.ts'
import { checker } from './validation.ts'

/** Throws INVALID_REQUEST_PARAMETER naming the parameter. */
export function queryChecker<Q extends TObject>(schema: Q): (query: Readonly<Record<string, unknown>>) => Static<Q> {
  const check = checker(schema, { whole: 'the query', code: 'INVALID_REQUEST_PARAMETER', flat: true })
  const integers = new Set(Object.keys(schema.properties).filter((name) => isInteger(schema.properties[name])))
  return (query) => {
    const values: Record<string, unknown> = {}
    for (const name of Object.keys(schema.properties)) {
      const text = firstValue(query[name])
      if (text !== '') values[name] = integers.has(name) ? integer(name, text) : text
    }
    return check(values)
  }
}

/** The first non-empty value of a query parameter or cookie; empty when there is none. */
export function firstValue(value: unknown): string {
  const candidates: unknown[] = Array.isArray(value) ? value : [value]
  for (const candidate of candidates) if (typeof candidate === 'string' && candidate !== '') return candidate
  return ''
}

function integer(name: string, text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text)
  throw new UserError('INVALID_REQUEST_PARAMETER', `${name} must be an integer`, { details: [{ field: name }] })
}

const isInteger = (schema: unknown): boolean =>
  typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'integer'
