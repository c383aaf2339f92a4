// The actions by their word, and which of them this server can do.
import { Bug } from '../base/errors.ts'
import type { ActionDefinition } from './define-action.ts'
import type { FlowAdapters } from './ports.ts'

export interface Registry {
  get(type: string): ActionDefinition | undefined
  /** All words, sorted. */
  readonly types: readonly string[]
  /** Why this server cannot do an action, in a sentence that begins after the action's name; undefined when it can. */
  refusal(definition: ActionDefinition): string | undefined
}

const noAdapters: Pick<FlowAdapters, 'has'> = { has: () => false }

/** Throws Bug when two definitions share a word. */
export function createRegistry(definitions: readonly ActionDefinition[], adapters = noAdapters): Registry {
  const byType = new Map<string, ActionDefinition>()
  for (const definition of definitions) {
    if (byType.has(definition.type)) throw new Bug(`two actions are named ${definition.type}`)
    byType.set(definition.type, definition)
  }
  return {
    get: (type) => byType.get(type),
    types: [...byType.keys()].sort(),
    refusal: ({ adapter: kind }) =>
      kind === undefined || adapters.has(kind)
        ? undefined
        : `is not available on this server; configure the "${kind}" adapter (PARTYLINE_ADAPTERS, docs/adapters.md)`,
  }
}
