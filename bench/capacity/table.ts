// The bench's table, its ratios, and what each must not exceed.
import type { Engine, Trial } from './trial.ts'

export interface Failure {
  readonly scenario: string
  readonly engine: Engine
  readonly error: string
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

type Column = readonly [title: string, read: (trial: Trial) => number, digits: number]

const columns: readonly Column[] = [
  ['µs/part·s', (trial) => trial.micros, 0],
  ['core %', (trial) => trial.load * 100, 1],
  ['RSS MiB', (trial) => trial.residentKib / 1024, 0],
  ['recv %', (trial) => trial.heard.receivedShare.mean * 100, 2],
  ['worst %', (trial) => trial.heard.receivedShare.worst * 100, 2],
  ['lost', (trial) => trial.heard.lost, 0],
  ['dev p50', (trial) => trial.heard.deviation.p50, 2],
  ['dev p99', (trial) => trial.heard.deviation.p99, 2],
  ['dev max', (trial) => trial.heard.deviation.max, 1],
  ['lat p50', (trial) => trial.heard.latency.p50, 1],
  ['lat p99', (trial) => trial.heard.latency.p99, 1],
  ['heard %', (trial) => trial.heard.hearing.share * 100, 2],
  ['pairs<99', (trial) => trial.heard.hearing.pairsBelow99, 0],
  ['splices/min', (trial) => (trial.heard.hearing.splices / Math.max(1, trial.heard.hearing.frames)) * 3000, 2],
  ['echo dB', (trial) => trial.heard.echoDb, 0],
  ['gen late p99', (trial) => trial.heard.generatorLate.p99, 2],
  ['gen %', (trial) => trial.generatorLoad * 100, 0],
  ['others %', (trial) => trial.disturbed * 100, 0],
]

const key = (trial: Pick<Trial, 'scenario' | 'engine'>): string => `${trial.scenario} ${trial.engine}`

export function groups(trials: readonly Trial[]): ReadonlyMap<string, readonly Trial[]> {
  const found = new Map<string, Trial[]>()
  for (const trial of trials) found.set(key(trial), [...(found.get(key(trial)) ?? []), trial])
  return found
}

/** The floor only moves packets: it has nothing to hear. */
const silent = new Set(['lat p50', 'lat p99', 'heard %', 'pairs<99', 'splices/min', 'echo dB'])

export function formatTable(trials: readonly Trial[]): string {
  const rows = [...groups(trials)].map(([name, group]) => [
    name,
    ...columns.map(([title, read, digits]) =>
      silent.has(title) && group[0]?.engine === 'floor' ? '-' : median(group.map(read)).toFixed(digits),
    ),
  ])
  const table = [['scenario engine', ...columns.map(([title]) => title)], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return table.map(line).join('\n')
}

export interface Check {
  readonly item: string
  readonly what: string
  readonly value: number
  readonly limit: number
  readonly atLeast: boolean
}

export const passes = ({ value, limit, atLeast }: Check): boolean => (atLeast ? value >= limit : value <= limit)

/** Medians of one scenario and engine, or undefined when it did not run. */
function reader(trials: readonly Trial[]) {
  const all = groups(trials)
  return (scenario: string, engine: Engine, read: (trial: Trial) => number): number | undefined => {
    const group = all.get(`${scenario} ${engine}`)
    return group && median(group.map(read))
  }
}

const micros = (trial: Trial): number => trial.micros
const receivedShare = (trial: Trial): number => trial.heard.receivedShare.mean

type Read = ReturnType<typeof reader>

function quality(read: Read, item: string, scenario: string): Check[] {
  const rows: readonly (readonly [string, (trial: Trial) => number, number, boolean])[] = [
    ['packets lost', ({ heard }) => heard.lost, 0, false],
    ['received % of sent time', ({ heard }) => heard.receivedShare.mean * 100, 99.9, true],
    ['(listener, talker) pairs heard in < 99 % of frames', ({ heard }) => heard.hearing.pairsBelow99, 0, false],
    ['own echo dB', ({ heard }) => heard.echoDb, -50, false],
    ['inter-arrival deviation p99 ms', ({ heard }) => heard.deviation.p99, 10, false],
    ['mouth to ear p50 ms', ({ heard }) => heard.latency.p50, 45, false],
    ['mouth to ear p99 ms', ({ heard }) => heard.latency.p99, 80, false],
  ]
  return rows.flatMap(([what, field, limit, atLeast]) => {
    const value = read(scenario, 'partyline', field)
    return value === undefined ? [] : [{ item, what: `${scenario}: ${what}`, value, limit, atLeast }]
  })
}

interface Ratio {
  readonly item: string
  readonly what: string
  readonly over: readonly [scenario: string, engine: Engine]
  readonly under: readonly [scenario: string, engine: Engine]
  readonly limit: number
}

const ratios: readonly Ratio[] = [
  {
    item: '2',
    what: 'CPU, Partyline : Janus at 150',
    over: ['pcmu-150', 'partyline'],
    under: ['pcmu-150', 'janus'],
    limit: 1 / 4,
  },
  {
    item: '2',
    what: 'CPU, Partyline : bare system calls at 1,000',
    over: ['pcmu-1000', 'partyline'],
    under: ['pcmu-1000', 'floor'],
    limit: 1.3,
  },
  {
    item: '3',
    what: 'CPU, 250 conferences of 4 : one of 1,000',
    over: ['small-250x4', 'partyline'],
    under: ['pcmu-1000', 'partyline'],
    limit: 1.5,
  },
  {
    item: '4',
    what: 'CPU, Partyline : Janus, Opus at 100',
    over: ['opus-100', 'partyline'],
    under: ['opus-100', 'janus'],
    limit: 1 / 5,
  },
]

/** The 500 reads, the 20 creations and the 20 deletions a second of the hammer, less 1 % for its timer. */
const hammerRate = 540 * 0.99

function hammered(read: Read, scenario: string): Check[] {
  const rate = read(scenario, 'partyline', ({ hammer }) => hammer?.requestsPerSecond ?? 0)
  const failed = read(scenario, 'partyline', ({ hammer }) => hammer?.failed ?? 0)
  if (rate === undefined || failed === undefined) return []
  return [
    { item: '7', what: `${scenario}: API requests a second`, value: rate, limit: hammerRate, atLeast: true },
    { item: '7', what: `${scenario}: API requests failed`, value: failed, limit: 0, atLeast: false },
  ]
}

/** Every check whose scenarios ran. */
export function checks(trials: readonly Trial[]): Check[] {
  const read = reader(trials)
  const ratioChecks = ratios.flatMap(({ item, what, over, under, limit }) => {
    const [above, below] = [read(...over, micros), read(...under, micros)]
    if (above === undefined || below === undefined) return []
    const delivered = Math.min(...[over, under].map((side) => read(...side, receivedShare) ?? 0))
    // Who does not do the work has no cost to compare: not a number, which passes nothing.
    return [{ item, what, value: delivered < 0.99 ? Number.NaN : above / below, limit, atLeast: false }]
  })
  return [
    ...quality(read, '1', 'pcmu-1000'),
    ...ratioChecks.slice(0, 2),
    ...quality(read, '3', 'small-250x4'),
    ...ratioChecks.slice(2),
    ...quality(read, '4', 'opus-100'),
    ...quality(read, '7', 'hammer-200'),
    ...hammered(read, 'hammer-200'),
  ]
}

/** Milliseconds that the generator may be late at p99 before its figures stop meaning anything. */
const lateLimit = 5

/** What makes a trial's CPU figure doubtful. */
export function doubts({ heard, disturbed, stolen, participants, droppedByKernel }: Trial): string[] {
  const due = heard.seconds * 50 * participants
  return [
    ...(heard.generatorLate.p99 > lateLimit ? [`the generator was ${heard.generatorLate.p99} ms late at p99`] : []),
    ...(heard.sent < due * 0.998 ? [`the generator sent ${((heard.sent / due) * 100).toFixed(1)} %`] : []),
    ...(heard.receivedShare.mean < 0.99
      ? [`the server delivered ${(heard.receivedShare.mean * 100).toFixed(0)} %; its CPU is that of the work it did`]
      : []),
    ...(disturbed > 0.15 ? [`others had ${(disturbed * 100).toFixed(0)} % of the server's core`] : []),
    ...(stolen > 0.02 ? [`the host took ${(stolen * 100).toFixed(0)} % of the server's core`] : []),
    ...(droppedByKernel > 0 ? [`full receive buffers dropped ${droppedByKernel} datagrams on this machine`] : []),
  ]
}

/** Ratios to the other engines wherever both ran the same scenario. */
export function formatRatios(trials: readonly Trial[]): string[] {
  const read = reader(trials)
  return [...new Set(trials.map(({ scenario }) => scenario))].flatMap((scenario) => {
    const own = read(scenario, 'partyline', micros)
    return (['janus', 'floor', 'other'] as const).flatMap((engine) => {
      const other = read(scenario, engine, micros)
      return own === undefined || other === undefined
        ? []
        : [`${scenario}: CPU Partyline : ${engine} = ${(own / other).toFixed(3)} (1 : ${(other / own).toFixed(2)})`]
    })
  })
}

export const formatCheck = (check: Check): string =>
  `${passes(check) ? 'ok  ' : 'MISS'}  item ${check.item}  ${check.what}: ${check.value.toFixed(3)} (${check.atLeast ? '≥' : '≤'} ${Number(check.limit.toFixed(3))})`
