// One conference while somebody is in it or a change of it is under way: its participants and its queue of changes.
import type { Participant } from './participant.ts'

export class Room {
  readonly #participants = new Set<Participant>()
  #tail: Promise<unknown> = Promise.resolve()
  #queued = 0

  /** Nobody is in it and nothing but the task that asks is under way. */
  get idle(): boolean {
    return this.#participants.size === 0 && this.#queued <= 1
  }

  /** Runs tasks one after the other, in order of call; a failed one does not hold up the next. */
  queue<T>(task: () => Promise<T>): Promise<T> {
    this.#queued += 1
    const done = this.#tail.then(task).finally(() => {
      this.#queued -= 1
    })
    this.#tail = done.catch(() => undefined)
    return done
  }

  add(participant: Participant): void {
    this.#participants.add(participant)
  }

  remove(participant: Participant): void {
    this.#participants.delete(participant)
  }

  get size(): number {
    return this.#participants.size
  }

  all(): Participant[] {
    return [...this.#participants]
  }

  joinedIds(): string[] {
    const ids: string[] = []
    for (const { row } of this.#participants) if (row.status === 'joined') ids.push(row.id)
    return ids
  }
}
