// The actions by their word.
import { Bug } from '../base/errors.ts'
import type { ActionDefinition } from './define-action.ts'

export type Registry = ReadonlyMap<string, ActionDefinition>

/** Throws Bug when two definitions share a word. */
export function createRegistry(definitions: readonly ActionDefinition[]): Registry {
  const registry = new Map<string, ActionDefinition>()
  for (const definition of definitions) {
    if (registry.has(definition.type)) throw new Bug(`two actions are named ${definition.type}`)
    registry.set(definition.type, definition)
  }
  return registry
}
