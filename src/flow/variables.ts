// Variables of an activeflow: `${name}` substitution, the limits on what callers may set, and the `voipbin.*` seeds.
import { UserError } from '../base/errors.ts'
import type { Address } from '../schema/address.ts'
import type { FlowCall } from './ports.ts'

/** Counts and UTF-8 bytes that the variables of a caller or a flow may reach. */
export const variableLimits = { keys: 100, totalBytes: 64 * 1024, valueBytes: 32 * 1024 } as const

/** UTF-16 units that one option may grow to by substitution. */
const maxSubstituted = 256 * 1024

/** Name of the JSON text of the call behind the flow. It is made when asked for, not kept. */
const referenceData = 'voipbin.flow.reference_data'

const bytes = (text: string): number => Buffer.byteLength(text)

/**
 * Variables from a request body. `voipbin.*` names are dropped; when a limit is exceeded all are dropped.
 * Throws UserError INVALID_VARIABLES for anything but an object of strings.
 */
export function parseVariables(input: unknown): Record<string, string> {
  if (input === undefined || input === null) return {}
  if (typeof input !== 'object' || Array.isArray(input)) {
    throw new UserError('INVALID_VARIABLES', 'variables must be an object of texts, e.g. {"room": "1"}')
  }
  const kept: [string, string][] = []
  let total = 0
  let tooLong = false
  for (const [name, value] of Object.entries(input)) {
    if (typeof value !== 'string') {
      throw new UserError('INVALID_VARIABLES', `variables.${name} must be a text; put the value in quotes`)
    }
    if (name.startsWith('voipbin.')) continue
    kept.push([name, value])
    total += bytes(name) + bytes(value)
    tooLong ||= bytes(value) > variableLimits.valueBytes
  }
  if (tooLong || kept.length > variableLimits.keys || total > variableLimits.totalBytes) return {}
  return Object.fromEntries(kept)
}

export class Variables {
  /** Frozen; another one after each change. */
  #values: Readonly<Record<string, string>>
  /** Names that the server did not seed: they count against the limits. */
  #own: Set<string> | undefined
  readonly #referenceData: () => string
  #ownKeys = 0
  #ownBytes = 0

  /** @param reference gives the text of `voipbin.flow.reference_data` */
  constructor(
    seeds: Readonly<Record<string, string>>,
    own: Readonly<Record<string, string>>,
    reference: () => string = () => '',
  ) {
    this.#values = Object.freeze({ ...seeds })
    this.#referenceData = reference
    for (const [name, value] of Object.entries(own)) this.set(name, value)
  }

  /** Undefined when no variable has this name. */
  get(name: string): string | undefined {
    if (this.#has(name)) return this.#values[name]
    return name === referenceData ? this.#referenceData() : undefined
  }

  /** Throws UserError INVALID_VARIABLES when a limit would be exceeded; nothing changes then. */
  set(name: string, value: string): void {
    const seeded = this.#has(name) && this.#own?.has(name) !== true
    this.#put(name, value, { counts: !seeded })
  }

  /** For what the server tells a flow: a new name does not count against the limits. */
  tell(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (this.#has(name)) this.set(name, value)
      else this.#put(name, value, { counts: false })
    }
  }

  #put(name: string, value: string, { counts }: { readonly counts: boolean }): void {
    if (bytes(value) > variableLimits.valueBytes) {
      throw new UserError('INVALID_VARIABLES', `variable ${name} would exceed ${variableLimits.valueBytes} bytes`)
    }
    if (counts) {
      this.#count(name, value)
      this.#own ??= new Set()
      this.#own.add(name)
    }
    this.#values = Object.freeze({ ...this.#values, [name]: value })
  }

  #has(name: string): boolean {
    return Object.hasOwn(this.#values, name)
  }

  #count(name: string, value: string): void {
    const old = this.#has(name) ? this.#values[name] : undefined
    const keys = this.#ownKeys + (old === undefined ? 1 : 0)
    const total = this.#ownBytes + bytes(value) + (old === undefined ? bytes(name) : -bytes(old))
    if (keys > variableLimits.keys || total > variableLimits.totalBytes) {
      const { keys: maxKeys, totalBytes } = variableLimits
      throw new UserError('INVALID_VARIABLES', `variable ${name} would exceed ${maxKeys} names or ${totalBytes} bytes`)
    }
    this.#ownKeys = keys
    this.#ownBytes = total
  }

  /**
   * A copy of an option with every `${name}` in its texts replaced; unknown names become empty. Keys, numbers and the
   * inserted values themselves stay as they are. Throws UserError INVALID_ARGUMENT when the result grows too long.
   */
  substitute(option: Readonly<Record<string, unknown>>): Record<string, unknown> {
    let left = maxSubstituted
    const spend = (units: number): void => {
      left -= units
      if (left < 0)
        throw new UserError('INVALID_ARGUMENT', `option exceeds ${maxSubstituted} characters after substitution`)
    }
    const walk = (value: unknown): unknown => {
      if (typeof value === 'string') return this.#fill(value, spend)
      if (Array.isArray(value)) return value.map(walk)
      if (typeof value === 'object' && value !== null) return walkObject(value)
      return value
    }
    const walkObject = (value: object): Record<string, unknown> =>
      Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]))
    return walkObject(option)
  }

  #fill(text: string, spend: (units: number) => void): string {
    let result = ''
    let from = 0
    for (;;) {
      const open = text.indexOf('${', from)
      const close = open < 0 ? -1 : text.indexOf('}', open + 2)
      const plain = text.slice(from, close < 0 ? undefined : open)
      const value = close < 0 ? '' : (this.get(text.slice(open + 2, close)) ?? '')
      spend(plain.length + value.length)
      result += plain + value
      if (close < 0) return result
      from = close + 1
    }
  }

  /** Frozen, and the same one for as long as no value changes. */
  toObject(): Record<string, string> {
    return this.#values
  }
}

/** What the seeds of an activeflow are made from; the API's field names. */
export interface ActiveflowFacts {
  readonly id: string
  readonly reference_type: string
  readonly reference_id: string
  readonly reference_activeflow_id: string
  readonly flow_id: string
  readonly complete_count: number
}

export function activeflowSeeds(facts: ActiveflowFacts): Record<string, string> {
  return {
    'voipbin.activeflow.id': facts.id,
    'voipbin.activeflow.reference_type': facts.reference_type,
    'voipbin.activeflow.reference_id': facts.reference_id,
    'voipbin.activeflow.reference_activeflow_id': facts.reference_activeflow_id,
    'voipbin.activeflow.flow_id': facts.flow_id,
    'voipbin.activeflow.complete_count': String(facts.complete_count),
  }
}

export function callSeeds(call: FlowCall): Record<string, string> {
  return {
    'voipbin.call.id': call.id,
    'voipbin.call.direction': call.direction,
    'voipbin.call.master_call_id': call.masterCallId,
    'voipbin.call.digits': '',
    ...addressSeeds('voipbin.call.source', call.source),
    ...addressSeeds('voipbin.call.destination', call.destination),
  }
}

const addressSeeds = (prefix: string, address: Address): Record<string, string> => ({
  [`${prefix}.name`]: address.name,
  [`${prefix}.detail`]: address.detail,
  [`${prefix}.target`]: address.target,
  [`${prefix}.target_name`]: address.target_name,
  [`${prefix}.type`]: address.type,
})

/** The JSON text behind `voipbin.flow.reference_data`. */
export function callReferenceData(call: FlowCall): string {
  const { id, customerId, direction, source, destination, masterCallId } = call
  return JSON.stringify({
    id,
    customer_id: customerId,
    direction,
    status: call.status(),
    source,
    destination,
    master_call_id: masterCallId,
  })
}
