// Activeflows: running instances of flows. Only the running ones are held in memory; the rest is in the ledger.
import { OperationalError, UserError } from '../base/errors.ts'
import { madeOnce } from '../base/frozen.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Action, Activeflow } from '../schema/flow.ts'
import type { ActiveflowRow } from '../schema/rows.ts'
import { type ActiveflowInput, checkActiveflowInput } from './activeflow-input.ts'
import { RunningActiveflow } from './activeflow-running.ts'
import { Background } from './background.ts'
import type { ActionPorts } from './define-action.ts'
import type { Flows } from './flows.ts'
import { activeflowEvent, activeflowUpdate, shownActiveflow } from './journal.ts'
import type { PageQuery } from './page-query.ts'
import type { FlowCall, FlowSource } from './ports.ts'
import type { Registry } from './registry.ts'
import type { RunnerPorts } from './runner.ts'
import { activeflowSeeds, callReferenceData, callSeeds, Variables } from './variables.ts'

/** How many flows may follow one another through `on_complete_flow_id`. */
export const maxCompleteCount = 5

/** How many left-over activeflows one commit closes. */
const recoverBatch = 100

export interface StartRequest {
  readonly customerId: string
  readonly id?: string
  /** Nil or absent when only `actions` are given. */
  readonly flowId?: string
  /** Run instead of the flow's own actions. */
  readonly actions?: unknown
  /** The call to run on; without one, actions that need media are skipped. */
  readonly call?: FlowCall
  readonly variables?: Readonly<Record<string, string>>
  readonly referenceType?: Activeflow['reference_type']
  readonly referenceId?: string
  readonly referenceActiveflowId?: string
  readonly webhookUri?: string
  readonly webhookMethod?: string
  readonly completeCount?: number
  /** The first action waits for it, e.g. for the call to be answered; when it rejects, no action runs. */
  readonly ready?: Promise<void>
}

export interface Started {
  readonly activeflowId: string
  /** Resolves when the flow ended, is stored as ended, and its call was told to hang up. Never rejects. */
  readonly done: Promise<void>
}

/** All methods with an id throw UserError ACTIVEFLOW_NOT_FOUND for a missing, deleted or foreign activeflow. */
export interface Activeflows {
  /** Starts one without a call. Throws FLOW_NOT_FOUND, INVALID_ARGUMENT, INVALID_ACTION_TYPE, INVALID_VARIABLES, ALREADY_EXISTS. */
  create(customerId: string, input: ActiveflowInput): Promise<Activeflow>
  get(customerId: string, id: string): Promise<Activeflow>
  list(customerId: string, query: PageQuery): Promise<Activeflow[]>
  /** Ends it and its call; one that has ended is answered as it is. */
  stop(customerId: string, id: string): Promise<Activeflow>
  /** Stops it when it runs. */
  remove(customerId: string, id: string): Promise<Activeflow>

  /** For the call layer: resolves when the activeflow is stored and runs. */
  start(request: StartRequest): Promise<Started>
  /** For the call layer: the call has ended. Resolves when the end is stored; nothing happens to one that does not run. */
  callEnded(activeflowId: string): Promise<void>

  /** Closes what a dead process left running; to be called before the first start. Answers how many there were. */
  recover(): Promise<number>
  /** Ends all that run, with the reason as their `error`; later starts are refused. */
  close(reason: string): Promise<void>
}

export interface ActiveflowOptions extends ActionPorts {
  readonly ledger: Ledger
  readonly flows: Flows
  readonly registry: Registry
  readonly log: Log
}

export const createActiveflows = (options: ActiveflowOptions): Activeflows => new ActiveflowService(options)

class ActiveflowService implements Activeflows {
  readonly #options: ActiveflowOptions
  readonly #ports: RunnerPorts
  readonly #background: Background
  readonly #running = new Map<string, RunningActiveflow>()
  readonly #shown = madeOnce(shownActiveflow)
  #closedFor = ''

  constructor(options: ActiveflowOptions) {
    const { ledger, flows: _, ...ports } = options
    this.#options = options
    this.#background = new Background(options.log)
    this.#ports = { ...ports, background: this.#background, timestamp: () => ledger.timestamp() }
  }

  async create(customerId: string, input: ActiveflowInput): Promise<Activeflow> {
    const { id, flowId, actions, variables, webhookUri, webhookMethod } = checkActiveflowInput(input)
    if (await this.#options.ledger.get('activeflow', id)) throw taken()
    const flow = flowId === nilUuid ? await this.#options.flows.createTemporary(customerId, actions) : { id: flowId }
    const request: StartRequest = {
      customerId,
      id,
      flowId: flow.id,
      variables,
      referenceType: 'api',
      webhookUri,
      webhookMethod,
    }
    return shownActiveflow((await this.#launch(request)).row)
  }

  async get(customerId: string, id: string): Promise<Activeflow> {
    return shownActiveflow(await this.#row(customerId, id))
  }

  async list(customerId: string, query: PageQuery): Promise<Activeflow[]> {
    const rows = await this.#options.ledger.find('activeflow', { where: { customer_id: customerId }, ...query })
    return rows.map((row) => this.#shown(this.#running.get(row.id)?.row ?? row))
  }

  async stop(customerId: string, id: string): Promise<Activeflow> {
    const row = await this.#row(customerId, id)
    const running = this.#running.get(row.id)
    if (running) {
      await running.stop('')
      return shownActiveflow(running.row)
    }
    return shownActiveflow(row.status === 'running' ? await this.#end(row, '') : row)
  }

  async remove(customerId: string, id: string): Promise<Activeflow> {
    const { id: rowId } = await this.stop(customerId, id)
    const { ledger } = this.#options
    const now = ledger.timestamp()
    const row = { ...(await this.#row(customerId, rowId)), tm_update: now, tm_delete: now }
    await ledger.commit([
      { update: 'activeflow', id: rowId, set: { tm_update: now, tm_delete: now } },
      { event: activeflowEvent('activeflow_deleted', row) },
    ])
    return shownActiveflow(row)
  }

  start(request: StartRequest): Promise<Started> {
    return this.#launch(request)
  }

  async callEnded(activeflowId: string): Promise<void> {
    await this.#running.get(activeflowId)?.stop('')
  }

  async recover(): Promise<number> {
    const { ledger, log } = this.#options
    for (let count = 0; ; ) {
      const rows = await ledger.find('activeflow', { where: { status: 'running' }, deleted: true, limit: recoverBatch })
      if (rows.length === 0) return count
      await ledger.commit(rows.flatMap((row) => activeflowUpdate(row, this.#ending('server restarted'))))
      count += rows.length
      log.info({ count }, 'activeflows of an earlier process were closed')
    }
  }

  async close(reason: string): Promise<void> {
    this.#closedFor = reason
    await Promise.all([...this.#running.values()].map((running) => running.stop(reason).then(() => running.done)))
    await this.#background.close()
  }

  async #row(customerId: string, id: string): Promise<ActiveflowRow> {
    const key = id.toLowerCase()
    const row = await this.#options.ledger.get('activeflow', key)
    if (!row || row.customer_id !== customerId || row.tm_delete !== notDeleted) {
      throw new UserError('ACTIVEFLOW_NOT_FOUND', `there is no activeflow ${id}`)
    }
    return this.#running.get(key)?.row ?? row
  }

  #ending(error: string) {
    return { status: 'ended', error, forward_action_id: nilUuid, tm_update: this.#options.ledger.timestamp() } as const
  }

  async #end(row: ActiveflowRow, error: string): Promise<ActiveflowRow> {
    const set = this.#ending(error)
    await this.#options.ledger.commit(activeflowUpdate(row, set))
    return { ...row, ...set }
  }

  /** The activeflow can be stopped from the first moment, before it is stored. */
  async #launch(request: StartRequest): Promise<RunningActiveflow> {
    this.#refuseWhenClosed()
    const { actions, onComplete } = await this.#actionsFor(request)
    this.#refuseWhenClosed()
    const { ledger, flows } = this.#options
    const row = this.#newRow(request, onComplete)
    const running = new RunningActiveflow({
      journal: this.#options,
      row,
      variables: variablesFor(row, request),
      call: request.call,
      flows: new CustomerFlows(flows, row.customer_id),
    })
    if (this.#running.has(row.id)) throw taken()
    this.#running.set(row.id, running)
    try {
      await ledger.commit([
        { insert: 'activeflow', row: running.row },
        { event: activeflowEvent('activeflow_created', running.row) },
      ])
    } catch (error) {
      this.#running.delete(row.id)
      running.abandon()
      throw error
    }
    running.run({ runner: this.#ports, actions, ready: request.ready }, this.#finished)
    return running
  }

  #refuseWhenClosed(): void {
    if (this.#closedFor !== '') throw new OperationalError(`no activeflow can start: ${this.#closedFor}`)
  }

  async #actionsFor(request: StartRequest): Promise<{ actions: readonly Action[]; onComplete: string }> {
    const { flows } = this.#options
    const { customerId, flowId = nilUuid } = request
    const flow = flowId === nilUuid ? undefined : await flows.get(customerId, flowId)
    const actions = request.actions === undefined ? (flow?.actions ?? []) : flows.normalise(request.actions)
    return { actions, onComplete: flow?.on_complete_flow_id ?? nilUuid }
  }

  #newRow(request: StartRequest, onComplete: string): ActiveflowRow {
    return {
      id: request.id ?? newUuid(),
      customer_id: request.customerId,
      flow_id: request.flowId ?? nilUuid,
      status: 'running',
      reference_type: request.referenceType ?? (request.call ? 'call' : ''),
      reference_id: request.referenceId ?? request.call?.id ?? nilUuid,
      reference_activeflow_id: request.referenceActiveflowId ?? nilUuid,
      on_complete_flow_id: onComplete,
      webhook_uri: request.webhookUri ?? '',
      webhook_method: request.webhookMethod ?? '',
      current_action: { id: nilUuid, next_id: nilUuid, type: '', option: {}, tm_execute: null },
      forward_action_id: nilUuid,
      executed_actions: [],
      variables: {},
      error: '',
      complete_count: request.completeCount ?? 0,
      tm_create: this.#options.ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
  }

  /** Last step of an activeflow: it leaves memory, and the flow that was to follow it starts. */
  readonly #finished = async (running: RunningActiveflow): Promise<void> => {
    const { row } = running
    this.#running.delete(row.id)
    if (row.on_complete_flow_id === nilUuid || this.#closedFor !== '') return
    const fields = { activeflow_id: row.id, flow_id: row.on_complete_flow_id }
    if (row.complete_count >= maxCompleteCount) {
      this.#options.log.warn(fields, 'flow on completion is not started: too many in a row')
      return
    }
    try {
      await this.start({
        customerId: row.customer_id,
        flowId: row.on_complete_flow_id,
        referenceType: row.reference_type,
        referenceId: row.reference_id,
        referenceActiveflowId: row.id,
        webhookUri: row.webhook_uri,
        webhookMethod: row.webhook_method,
        completeCount: row.complete_count + 1,
        variables: callVariablesOf(row),
      })
    } catch (error) {
      this.#options.log.warn({ ...fields, err: error }, 'flow on completion could not start')
    }
  }
}

/** What the activeflows of one customer may run. */
class CustomerFlows implements FlowSource {
  readonly #flows: Flows
  readonly #customerId: string

  constructor(flows: Flows, customerId: string) {
    this.#flows = flows
    this.#customerId = customerId
  }

  async actionsOf(flowId: string): Promise<readonly Action[]> {
    return (await this.#flows.get(this.#customerId, flowId)).actions
  }

  checked(actions: unknown, path: string): readonly Action[] {
    return this.#flows.normalise(actions, path)
  }
}

function variablesFor(row: ActiveflowRow, request: StartRequest): Variables {
  const { call } = request
  const seeds = { ...activeflowSeeds(row), ...(call ? callSeeds(call) : {}) }
  return new Variables(seeds, request.variables ?? {}, () => (call ? callReferenceData(call) : ''))
}

/** What a flow on completion learns of the call that its predecessor ran on. */
const callVariablesOf = (row: ActiveflowRow): Record<string, string> =>
  Object.fromEntries(Object.entries(row.variables).filter(([name]) => name.startsWith('voipbin.call.')))

const taken = (): UserError =>
  new UserError('ALREADY_EXISTS', 'an activeflow with this id exists already; leave id out')
