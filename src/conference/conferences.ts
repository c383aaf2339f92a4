// Conferences as a service: create, read, change, end. Keeps the timeout of each and what a crash left behind in order.
import { UserError } from '../base/errors.ts'
import { isUuid, newDirectHash, newUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { type Clock, notDeleted } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { Conference } from '../schema/conference.ts'
import type { ConferenceRow, DirectRow } from '../schema/rows.ts'
import type { Focus } from './focus.ts'
import { effectiveTimeout, timeoutAt } from './policy.ts'
import { conferenceEvent } from './presentation.ts'
import { Timeouts } from './timeouts.ts'

export interface ConferenceInput {
  readonly id?: string
  readonly type: ConferenceRow['type']
  readonly name: string
  readonly detail: string
  readonly data: Record<string, unknown>
  /** Seconds; 0 = never. */
  readonly timeout: number
  readonly pre_flow_id: string
  readonly post_flow_id: string
}

export interface Paging {
  readonly before?: string
  readonly limit: number
}

export interface ConferencesOptions {
  readonly ledger: Ledger
  readonly focus: Focus
  readonly clock: Clock
  readonly log: Log
}

const flowFields = [
  ['pre_flow_id', 'pre_actions'],
  ['post_flow_id', 'post_actions'],
] as const

export class Conferences {
  readonly #ledger: Ledger
  readonly #focus: Focus
  readonly #clock: Clock
  readonly #log: Log
  readonly #timeouts: Timeouts

  constructor({ ledger, focus, clock, log }: ConferencesOptions) {
    this.#ledger = ledger
    this.#focus = focus
    this.#clock = clock
    this.#log = log
    this.#timeouts = new Timeouts(clock, (id) => this.#expire(id))
  }

  /** Answers the conference in `starting`; it is `progressing` a moment later. */
  async create(customerId: string, input: ConferenceInput): Promise<Conference> {
    await this.#checkFlows(customerId, input)
    const id = input.id ?? newUuid()
    const timeout = effectiveTimeout(input.timeout)
    const direct = this.#newDirect(customerId, id)
    const row: ConferenceRow = {
      id,
      customer_id: customerId,
      type: input.type,
      status: 'starting',
      name: input.name,
      detail: input.detail,
      data: input.data,
      timeout,
      pre_flow_id: input.pre_flow_id || nilUuid,
      post_flow_id: input.post_flow_id || nilUuid,
      conferencecall_ids: [],
      recording_id: nilUuid,
      recording_ids: [],
      transcribe_id: nilUuid,
      transcribe_ids: [],
      direct_hash: direct.hash,
      tm_end: '',
      tm_timeout: timeoutAt(this.#clock.wallMicros(), timeout),
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
    const shown = await this.#focus.show(row)
    await this.#ledger.commit([
      { insert: 'conference', row },
      { insert: 'direct', row: direct },
      { event: conferenceEvent('created', shown) },
    ])
    this.#timeouts.set(id, row.tm_timeout)
    this.#start(id)
    return shown
  }

  async get(customerId: string, id: string): Promise<Conference> {
    return this.#focus.show(await this.#own(customerId, id))
  }

  /** Newest first; conferences of type `conference` only. */
  async list(customerId: string, page: Paging): Promise<Conference[]> {
    const rows = await this.#ledger.find('conference', {
      where: { customer_id: customerId, type: 'conference' },
      ...page,
    })
    return Promise.all(rows.map((row) => this.#focus.show(row)))
  }

  /** Changes the fields given; a new timeout counts from now. */
  async update(customerId: string, id: string, patch: Partial<ConferenceInput>): Promise<Conference> {
    await this.#checkFlows(customerId, patch)
    return this.#focus.alone(id, async (found) => {
      const row = this.#mine(found, customerId, id)
      if (row.tm_delete !== notDeleted)
        throw new UserError('CONFERENCE_TERMINATED', `conference ${id} is ${row.status}; it cannot be changed any more`)
      const { id: _id, type: _type, timeout, ...fields } = patch
      const set: Partial<ConferenceRow> = { ...withoutUndefined(fields), tm_update: this.#ledger.timestamp() }
      if (timeout !== undefined) {
        set.timeout = effectiveTimeout(timeout)
        set.tm_timeout = timeoutAt(this.#clock.wallMicros(), set.timeout)
      }
      const shown = await this.#focus.show({ ...row, ...set })
      await this.#ledger.commit([{ update: 'conference', id, set }, { event: conferenceEvent('updated', shown) }])
      if (set.tm_timeout !== undefined) this.#timeouts.set(id, set.tm_timeout)
      return shown
    })
  }

  /** Ends the conference: everybody is ejected, the hash stops working. Repeating it changes nothing. */
  async remove(customerId: string, id: string): Promise<Conference> {
    const row = await this.#own(customerId, id)
    return this.#terminate(row.id)
  }

  /** The old hash stops resolving at once and for good. */
  async regenerateHash(customerId: string, id: string): Promise<Conference> {
    return this.#focus.alone(id, async (found) => {
      const row = this.#mine(found, customerId, id)
      if (row.tm_delete !== notDeleted)
        throw new UserError('STATE_INVALID', `conference ${id} is ${row.status}; it cannot be dialled any more`)
      const direct = this.#newDirect(customerId, id)
      const set = { direct_hash: direct.hash, tm_update: this.#ledger.timestamp() }
      await this.#ledger.commit([
        ...(await this.#dropDirect(id)),
        { insert: 'direct', row: direct },
        { update: 'conference', id, set },
      ])
      return this.#focus.show({ ...row, ...set })
    })
  }

  /** Takes up what an earlier process left: arms timeouts, completes starts and ends. Call after conferencecalls were recovered. */
  async recover(): Promise<void> {
    for (const row of await this.#ledger.find('conference', { where: { status: 'starting' }, deleted: true }))
      this.#start(row.id)
    for (const row of await this.#ledger.find('conference', { where: { status: 'terminating' }, deleted: true })) {
      await this.#focus.alone(row.id, async (found) =>
        found?.status === 'terminating' ? this.#focus.finish(found) : found,
      )
    }
    for (const row of await this.#ledger.find('conference', {})) this.#timeouts.set(row.id, row.tm_timeout)
  }

  close(): void {
    this.#timeouts.close()
  }

  #start(id: string): void {
    const started = this.#focus.alone(id, async (row) => {
      if (row?.status !== 'starting') return
      const set = { status: 'progressing', tm_update: this.#ledger.timestamp() } as const
      const shown = await this.#focus.show({ ...row, ...set })
      await this.#ledger.commit([{ update: 'conference', id, set }, { event: conferenceEvent('updated', shown) }])
    })
    started.catch((error: unknown) => this.#log.error({ err: error, conference_id: id }, 'conference could not start'))
  }

  #expire(id: string): void {
    this.#log.info({ conference_id: id }, 'conference reached its timeout')
    this.#terminate(id).catch((error: unknown) =>
      this.#log.error({ err: error, conference_id: id }, 'conference could not end'),
    )
  }

  async #terminate(id: string): Promise<Conference> {
    const ended = await this.#focus.alone(id, async (row) => {
      if (row === undefined) throw new UserError('CONFERENCE_NOT_FOUND', `conference ${id} does not exist`)
      if (row.status === 'terminating' || row.status === 'terminated') return row
      this.#timeouts.set(id, '')
      const at = this.#ledger.timestamp()
      const set = { status: 'terminating', tm_update: at, tm_delete: at, tm_timeout: '' } as const
      const terminating: ConferenceRow = { ...row, ...set }
      const changes: Change[] = [
        ...(await this.#dropDirect(id)),
        { update: 'conference', id, set },
        { event: conferenceEvent('updated', await this.#focus.show(terminating)) },
      ]
      if (this.#focus.empty(id)) return this.#focus.finish(terminating, changes)
      await this.#ledger.commit(changes)
      return terminating
    })
    if (ended.status === 'terminating') {
      this.#focus
        .ejectAll(id, 'conference_ended')
        .catch((error: unknown) => this.#log.error({ err: error, conference_id: id }, 'not everybody could be ejected'))
    }
    return this.#focus.show(ended)
  }

  async #checkFlows(customerId: string, input: Partial<ConferenceInput>): Promise<void> {
    for (const [field, olderName] of flowFields) {
      const flowId = input[field]
      if (!flowId || flowId === nilUuid) continue
      const flow = isUuid(flowId) ? await this.#ledger.get('flow', flowId) : undefined
      if (flow === undefined || flow.customer_id !== customerId || flow.tm_delete !== notDeleted) {
        throw new UserError(
          'INVALID_ARGUMENT',
          `${field} (${olderName}) "${flowId}" is not a flow of yours; create one with POST /flows or leave it out`,
        )
      }
    }
  }

  async #own(customerId: string, id: string): Promise<ConferenceRow> {
    return this.#mine(await this.#ledger.get('conference', id), customerId, id)
  }

  #mine(row: ConferenceRow | undefined, customerId: string, id: string): ConferenceRow {
    if (row === undefined || row.customer_id !== customerId)
      throw new UserError('CONFERENCE_NOT_FOUND', `conference ${id} does not exist`)
    return row
  }

  #newDirect(customerId: string, conferenceId: string): DirectRow {
    return {
      id: newUuid(),
      customer_id: customerId,
      hash: newDirectHash(),
      resource_type: 'conference',
      resource_id: conferenceId,
      tm_create: this.#ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
  }

  async #dropDirect(conferenceId: string): Promise<Change[]> {
    const rows = await this.#ledger.find('direct', { where: { resource_id: conferenceId } })
    return rows.map((row) => ({ update: 'direct', id: row.id, set: { tm_delete: this.#ledger.timestamp() } }))
  }
}

/** exactOptionalPropertyTypes: a key that is present but undefined would overwrite the stored value. */
function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
