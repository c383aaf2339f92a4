// The bench's table, its ratios, and what must hold.
import { median } from '../capacity/table.ts'
import type { Engine, Trial } from './trial.ts'

type Column = readonly [title: string, read: (trial: Trial) => number | undefined, digits: number]

const failed = ({ failures }: Trial): number => Object.values(failures).reduce((sum, count) => sum + count, 0)

const columns: readonly Column[] = [
  ['offered', ({ offered }) => offered, 0],
  ['answered', ({ answered }) => answered, 0],
  ['failed', failed, 0],
  ['most up', ({ mostUp }) => mostUp, 0],
  ['200 p50', ({ setUp }) => setUp.p50, 1],
  ['200 p99', ({ setUp }) => setUp.p99, 1],
  ['200 max', ({ setUp }) => setUp.max, 0],
  ['mix p50', ({ joined }) => joined?.p50, 1],
  ['mix p99', ({ joined }) => joined?.p99, 1],
  ['mix max', ({ joined }) => joined?.max, 0],
  ['BYE p99', ({ hangUp }) => hangUp.p99, 1],
  ['CPU ms/call', ({ cpuPerCall }) => cpuPerCall, 2],
  ['core %', ({ load }) => load * 100, 1],
  ['RSS MiB', ({ residentKib }) => residentKib / 1024, 0],
  ['gen late p99', ({ generatorLate }) => generatorLate.p99, 1],
  ['others %', ({ disturbed }) => disturbed * 100, 0],
]

const of = (trials: readonly Trial[], engine: Engine): readonly Trial[] =>
  trials.filter((trial) => trial.engine === engine)

function middle(trials: readonly Trial[], read: Column[1]): number | undefined {
  const values = trials.map(read).filter((value) => value !== undefined)
  return values.length === 0 ? undefined : median(values)
}

export function formatTable(trials: readonly Trial[]): string {
  const engines = [...new Set(trials.map(({ engine }) => engine))]
  const rows = [
    ['', ...columns.map(([title]) => title)],
    ...engines.map((engine) => [
      engine,
      ...columns.map(([, read, digits]) => middle(of(trials, engine), read)?.toFixed(digits) ?? '-'),
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ')).join('\n')
}

/** CPU per call against the others that ran. */
export function formatRatios(trials: readonly Trial[]): string[] {
  const own = middle(of(trials, 'partyline'), ({ cpuPerCall }) => cpuPerCall)
  return (['sipp', 'other'] as const).flatMap((engine) => {
    const theirs = middle(of(trials, engine), ({ cpuPerCall }) => cpuPerCall)
    if (own === undefined || theirs === undefined) return []
    return [`CPU per call, Partyline : ${engine} = ${(own / theirs).toFixed(2)}`]
  })
}

export interface Check {
  readonly what: string
  readonly value: number
  readonly limit: number
}

export const passes = ({ value, limit }: Check): boolean => value <= limit

/** The worst of the runs counts. */
export function checks(trials: readonly Trial[]): Check[] {
  const own = of(trials, 'partyline')
  if (own.length === 0) return []
  const worst = (read: (trial: Trial) => number): number => Math.max(...own.map(read))
  return [
    { what: 'calls not answered', value: worst(({ offered, answered }) => offered - answered), limit: 0 },
    {
      what: 'calls failed or ended by the server',
      value: worst((trial) => failed(trial) + trial.endedByServer),
      limit: 0,
    },
    {
      what: 'answered calls that did not enter their conference',
      value: worst(({ notJoined }) => notJoined),
      limit: 0,
    },
    { what: 'answered calls whose end is not stored', value: worst(({ notStored }) => notStored), limit: 0 },
    { what: 'INVITE to 200 p99 ms', value: worst(({ setUp }) => setUp.p99), limit: 200 },
    { what: 'INVITE to the mix p99 ms', value: worst(({ joined }) => joined?.p99 ?? Number.NaN), limit: 200 },
  ]
}

export const formatCheck = (check: Check): string =>
  `${passes(check) ? 'ok  ' : 'MISS'}  ${check.what}: ${check.value.toFixed(1)} (≤ ${check.limit})`

/** Milliseconds that the generator may be late at p99 before its figures stop meaning anything. */
const lateLimit = 10

/** What makes a trial's figures doubtful. */
export const doubts = ({ generatorLate, disturbed }: Trial): string[] => [
  ...(generatorLate.p99 > lateLimit ? [`the generator was ${generatorLate.p99.toFixed(1)} ms late at p99`] : []),
  ...(disturbed > 0.15 ? [`others had ${(disturbed * 100).toFixed(0)} % of the server's core`] : []),
]
