// The position in a flow: a stack of action lists. Plain data moved by a few rules, so that it can be written down.
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { Action } from '../schema/flow.ts'
import type { PushedAction } from './define-action.ts'
import { finishId, nextId } from './reserved-ids.ts'

/** How many lists may be pushed on one another. */
export const maxDepth = 100

interface Frame {
  readonly actions: readonly Action[]
  /** Of the action that runs or pushed the frame above; -1 before the first. */
  index: number
}

export class Cursor {
  #frames: Frame[] = []
  #forward = nilUuid

  /** Id of the action that a jump will go to; nil when none is pending. */
  get forwardId(): string {
    return this.#forward
  }

  /** Throws UserError when the stack is too deep. An empty list is passed over. */
  push(actions: readonly PushedAction[]): void {
    if (this.#frames.length >= maxDepth) {
      throw new UserError('INVALID_ARGUMENT', `flows are nested more than ${maxDepth} deep`)
    }
    // Not by `push`, which leaves room for many more: most flows have a frame or two.
    this.#frames = this.#frames.concat({ actions: actions.map(ownCopy), index: -1 })
  }

  jump(id: string): void {
    this.#forward = id
  }

  /**
   * Moves to the action to run now; undefined at the end of the flow. A pending jump wins over the action's `next_id`,
   * which wins over the order of the list; an exhausted list gives way to the one below.
   * Throws UserError when the target exists in no list of the stack.
   */
  advance(): Action | undefined {
    const forward = this.#forward
    this.#forward = nilUuid
    if (isTarget(forward)) return this.#seek(forward)
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      const target = frame.actions[frame.index]?.next_id ?? nilUuid
      if (isTarget(target)) return this.#seek(target)
      frame.index += 1
      const action = frame.actions[frame.index]
      if (action) return action
      this.#frames.pop()
    }
    return undefined
  }

  #seek(id: string): Action | undefined {
    if (id === finishId) {
      this.#frames.length = 0
      return undefined
    }
    for (let depth = this.#frames.length - 1; depth >= 0; depth -= 1) {
      const frame = this.#frames[depth]
      const index = frame?.actions.findIndex((action) => action.id === id) ?? -1
      if (!frame || index < 0) continue
      this.#frames.length = depth + 1
      frame.index = index
      return frame.actions[index]
    }
    throw new UserError('INVALID_ARGUMENT', `no action of the running flow has the id ${id}`)
  }
}

const isTarget = (id: string): boolean => id !== nilUuid && id !== '' && id !== nextId

/** Runs may change top-level fields of an option (see keepOption); the flow that it came from must not notice. */
const ownCopy = (action: PushedAction): Action => ({
  id: action.id ?? newUuid(),
  next_id: action.next_id ?? nilUuid,
  type: action.type,
  option: { ...action.option },
  tm_execute: null,
})
