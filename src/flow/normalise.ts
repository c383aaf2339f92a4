// Turns a list of actions as clients send it into the form that is stored: every id a UUID, every reference rewritten,
// every option checked by its action's own schema. What is wrong is refused with the path of the field.
import { UserError } from '../base/errors.ts'
import { isUuid, newUuid, nilUuid } from '../base/ids.ts'
import type { Action } from '../schema/flow.ts'
import type { Registry } from './registry.ts'
import { reservedIds } from './reserved-ids.ts'

/** Of one flow: actions in all lists together, bytes of its JSON text, levels of nesting inside the list. */
export const flowLimits = { actions: 500, bytes: 256 * 1024, depth: 32 } as const

/** Option fields that hold the id of an action. */
const references = ['target_id', 'false_target_id', 'default_target_id'] as const

type Fields = Readonly<Record<string, unknown>>

/**
 * Throws UserError INVALID_ACTION_TYPE for an unknown word, INVALID_ARGUMENT for anything else that is wrong.
 * A non-UUID id becomes a new UUID and so do the references to it; a reference to a UUID that is not in the list stays
 * (it may lie in an outer flow); a `next_id` that is neither becomes nil, so the order of the list counts.
 * Normalising twice changes nothing.
 */
export function normalise(registry: Registry, input: unknown, path = 'actions'): Action[] {
  checkDepth(input, path, flowLimits.depth)
  const size = Buffer.byteLength(JSON.stringify(input) ?? '')
  if (size > flowLimits.bytes) throw invalid(`${path} takes ${size} bytes; the limit is ${flowLimits.bytes}`)
  return new Normaliser(registry).list(input, path)
}

class Normaliser {
  readonly #registry: Registry
  #count = 0

  constructor(registry: Registry) {
    this.#registry = registry
  }

  list(input: unknown, path: string): Action[] {
    if (!Array.isArray(input)) throw invalid(`${path} must be a list of actions, e.g. [{"type": "answer"}]`)
    this.#count += input.length
    if (this.#count > flowLimits.actions)
      throw invalid(`${path} has too many actions; the limit is ${flowLimits.actions}`)
    const items = input.map((item: unknown, index) => fieldsOf(item, `${path}[${index}]`))
    const ids = mapIds(items, path)
    return items.map((item, index) => this.#action(item, { id: ids.at(index), path: `${path}[${index}]`, ids }))
  }

  #action(item: Fields, place: { id: string; path: string; ids: Ids }): Action {
    const { path, ids } = place
    const type = item['type']
    const definition = typeof type === 'string' ? this.#registry.get(type) : undefined
    if (typeof type !== 'string' || !definition) {
      const known = this.#registry.types.join(', ')
      const fault = type === undefined || type === null ? 'is missing' : `${shown(type)} is no action`
      throw new UserError('INVALID_ACTION_TYPE', `${path}.type ${fault}; the actions are ${known}`)
    }
    const refusal = this.#registry.refusal(definition)
    if (refusal !== undefined) throw invalid(`${path}.type "${type}" ${refusal}`)
    const next = textOf(item['next_id'], `${path}.next_id`)
    const option = this.#option(item['option'] ?? {}, {
      path: `${path}.option`,
      ids,
      schema: definition.option.properties,
    })
    definition.check.stored(option, `${path}.option`)
    return { id: place.id, next_id: ids.resolve(next) ?? nilUuid, type, option, tm_execute: null }
  }

  #option(
    input: unknown,
    place: { path: string; ids: Ids; schema: Readonly<Record<string, object>> },
  ): Record<string, unknown> {
    const { path, ids, schema } = place
    const option = { ...fieldsOf(input, path) }
    for (const key of references) {
      const value = option[key]
      if (typeof value === 'string') option[key] = ids.resolve(value) ?? value
    }
    const targets = option['target_ids']
    if (typeof targets === 'object' && targets !== null && !Array.isArray(targets)) {
      option['target_ids'] = Object.fromEntries(
        Object.entries(targets).map(([key, value]) => [
          key,
          typeof value === 'string' ? (ids.resolve(value) ?? value) : value,
        ]),
      )
    }
    for (const [key, field] of Object.entries(schema)) {
      const value = option[key]
      if ('nestedActions' in field && Array.isArray(value)) option[key] = this.list(value, `${path}.${key}`)
    }
    return option
  }
}

interface Ids {
  /** The id of the action at this place of the list. */
  at(index: number): string
  /** What a reference becomes: the id of an action in the list or a UUID as it is; undefined for neither. Empty is nil. */
  resolve(reference: string): string | undefined
}

function mapIds(items: readonly Fields[], path: string): Ids {
  const given = new Map<string, string>()
  const ids = items.map((item, index) => {
    const where = `${path}[${index}].id`
    const text = textOf(item['id'], where)
    if (text === '' || text === nilUuid) return newUuid()
    const key = canonical(text)
    if (reservedIds.has(key)) throw invalid(`${where} ${shown(text)} is reserved; use another id or leave it out`)
    if (given.has(key)) throw invalid(`${where} ${shown(text)} is used twice; ids must differ within a flow`)
    const id = isUuid(key) ? key : newUuid()
    given.set(key, id)
    return id
  })
  return {
    at: (index) => ids[index] ?? nilUuid,
    resolve: (reference) => {
      if (reference === '') return nilUuid
      const key = canonical(reference)
      return given.get(key) ?? (isUuid(key) ? key : undefined)
    },
  }
}

const canonical = (id: string): string => (isUuid(id) ? id.toLowerCase() : id)

function fieldsOf(value: unknown, path: string): Fields {
  if (isFields(value)) return value
  throw invalid(`${path} must be an object, not ${shown(value)}`)
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw invalid(`${path} must be a text, not ${shown(value)}`)
}

/** Before anything recurses over the input. */
function checkDepth(value: unknown, path: string, left: number): void {
  if (typeof value !== 'object' || value === null) return
  if (left === 0) throw invalid(`${path} is nested more than ${flowLimits.depth} levels deep`)
  for (const inner of Object.values(value)) checkDepth(inner, path, left - 1)
}

const invalid = (message: string): UserError => new UserError('INVALID_ARGUMENT', message)

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? 'nothing'
