// A groupcall while something of it rings or speaks: all its destinations at once, or one after the other, for one answer.
import type { HangupReason } from '../base/errors.ts'
import { nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Groupcall } from '../schema/groupcall.ts'
import type { GroupcallRow } from '../schema/rows.ts'
import type { Header } from '../sip/message.ts'
import { groupcallEvent, showGroupcall } from './groupcall-row.ts'
import type { LiveCall } from './live-call.ts'
import { completedElsewhere, type Ringing, type RingingObserver, stored } from './ringing.ts'

export interface LiveGroupcallParts {
  readonly row: GroupcallRow
  /** How many destinations there are. */
  readonly size: number
  /** Makes what rings for one of them. */
  readonly member: (index: number, groupcallId: string) => Ringing
  readonly ledger: Ledger
  readonly log: Log
  /** Told when it is stored, and when it is over. */
  readonly born: (groupcall: LiveGroupcall) => void
  readonly over: (groupcall: LiveGroupcall) => void
}

export class LiveGroupcall implements Ringing {
  readonly kind = 'groupcall'
  readonly #parts: LiveGroupcallParts
  readonly #alive = new Set<Ringing>()
  #row: GroupcallRow
  #stored = false
  #answered = false
  #last: LiveCall | undefined
  #observer: RingingObserver | undefined
  #hangup: { readonly reason: HangupReason; readonly headers: readonly Header[] | undefined } | undefined
  #saved: Promise<unknown> = Promise.resolve()

  constructor(parts: LiveGroupcallParts) {
    this.#parts = parts
    this.#row = parts.row
    const first = parts.row.ring_method === 'linear' ? Math.min(1, parts.size) : parts.size
    for (let index = 0; index < first; index += 1) this.#adopt(index)
  }

  get id(): string {
    return this.#row.id
  }

  get row(): GroupcallRow {
    return this.#row
  }

  /** As the API shows it. */
  get shown(): Groupcall {
    return showGroupcall(this.#row)
  }

  /** Whether one of its phones answered. */
  get answered(): boolean {
    return this.#answered
  }

  watch(observer: RingingObserver): void {
    this.#observer = observer
  }

  async reserve(): Promise<void> {
    await Promise.all([...this.#alive].map((member) => member.reserve()))
  }

  async store(): Promise<void> {
    const { ledger, born } = this.#parts
    const row = this.#row
    await ledger.commit([
      { insert: 'groupcall', row },
      { event: groupcallEvent('created', row) },
      { event: groupcallEvent('progressing', row) },
    ])
    this.#stored = true
    born(this)
    await Promise.all([...this.#alive].map((member) => member.store()))
    if (this.#hangup !== undefined) await this.#hangUpMembers()
  }

  ring(): void {
    for (const member of [...this.#alive]) member.ring()
    this.#settle()
  }

  async hangup(reason: HangupReason, headers?: readonly Header[]): Promise<void> {
    this.#hangup ??= { reason, headers }
    if (!this.#stored || this.#row.status !== 'progressing') return
    this.#write({ status: 'hangingup' }, [])
    await this.#hangUpMembers()
    this.#settle()
    await this.#saved
  }

  async discard(): Promise<void> {
    this.#hangup ??= { reason: 'failed', headers: undefined }
    await Promise.all([...this.#alive].map((member) => member.discard()))
    if (!this.#stored) return
    this.#alive.clear()
    this.#settle()
  }

  async #hangUpMembers(): Promise<void> {
    const { reason, headers } = this.#hangup ?? { reason: 'normal', headers: undefined }
    await Promise.all([...this.#alive].map((member) => member.hangup(reason, headers)))
  }

  #adopt(index: number): Ringing {
    const member = this.#parts.member(index, this.#row.id)
    member.watch({
      answered: (call) => this.#onAnswered(member, call),
      ended: (last) => this.#onEnded(member, last),
      alerting: (call) => this.#observer?.alerting?.(call),
      early: (call) => this.#observer?.early?.(call),
    })
    this.#alive.add(member)
    const ids = member.kind === 'call' ? 'call_ids' : 'groupcall_ids'
    this.#write({ [ids]: [...this.#row[ids], member.id], ...this.#counts() }, [])
    return member
  }

  #onAnswered(member: Ringing, call: LiveCall): void {
    // With `hangup_others` the first answer ends the others at once, and a call that is to end is not answered any more.
    if (this.#answered) return
    this.#answered = true
    this.#write({ answer_call_id: call.id, answer_groupcall_id: member.kind === 'groupcall' ? member.id : nilUuid }, [
      'progressing',
    ])
    const others = this.#row.answer_method === 'hangup_others'
    for (const other of [...this.#alive]) {
      if (others && other !== member) void other.hangup('normal', completedElsewhere)
    }
    this.#observer?.answered(call)
  }

  #onEnded(member: Ringing, last: LiveCall | undefined): void {
    if (!this.#alive.delete(member)) return
    this.#last = last ?? this.#last
    const { row } = this
    const next = row.dial_index + 1
    const goesOn = row.ring_method === 'linear' && !this.#answered && this.#hangup === undefined
    if (goesOn && next < this.#parts.size) this.#ringNext(next)
    else {
      this.#write(this.#counts(), [])
      this.#settle()
    }
  }

  /** `linear`: the next destination; one that cannot be called counts as ended. */
  #ringNext(index: number): void {
    this.#write({ dial_index: index }, [])
    const member = this.#adopt(index)
    stored([member]).then(
      () => member.ring(),
      (error: unknown) => {
        this.#parts.log.warn({ groupcall_id: this.id, dial_index: index, err: error }, 'destination cannot be called')
        this.#onEnded(member, undefined)
      },
    )
  }

  /** Over as soon as nothing of it is left. */
  #settle(): void {
    if (!this.#stored || this.#alive.size > 0 || this.#row.status === 'hangup') return
    this.#write({ status: 'hangup', ...this.#counts() }, ['hangup'])
    this.#parts.over(this)
    this.#observer?.ended(this.#last)
  }

  #counts(): Pick<GroupcallRow, 'call_count' | 'groupcall_count'> {
    const alive = [...this.#alive]
    const groups = alive.filter(({ kind }) => kind === 'groupcall').length
    return { call_count: alive.length - groups, groupcall_count: groups }
  }

  #write(set: Partial<GroupcallRow>, words: readonly string[]): void {
    const stamped = this.#stored ? { ...set, tm_update: this.#parts.ledger.timestamp() } : set
    this.#row = { ...this.#row, ...stamped }
    if (!this.#stored) return
    const events = words.map((word) => ({ event: groupcallEvent(word, this.#row) }))
    const saved = this.#parts.ledger.commit([{ update: 'groupcall', id: this.id, set: stamped }, ...events])
    this.#saved = saved.catch((error: unknown) =>
      this.#parts.log.error({ err: error, groupcall_id: this.id }, 'groupcall could not be stored'),
    )
  }
}
