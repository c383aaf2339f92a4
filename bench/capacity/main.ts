// `npm run bench:capacity`: Partyline, Janus AudioBridge and bare system calls under the same load, one core each in turn.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { janusInstalled } from '../janus/janus.ts'
import { generatorCore, goFirst, pinned, pinSelf } from './child.ts'
import { memoryChecks, runMemory } from './memory.ts'
import { namedPlan, type Plan, plans, quickPlans } from './scenarios.ts'
import { type Check, checks, doubts, type Failure, formatCheck, formatRatios, formatTable, passes } from './table.ts'
import { type Engine, runTrial, type Trial } from './trial.ts'

const usage = `Usage: npm run bench:capacity -- [options] [scenario ...]
  scenarios: ${plans.map(({ name }) => name).join(' ')}, or any size: pcmu-300 opus-50 small-40x4 hammer-100; memory
  --quick        small and short, to see that everything works
  --runs N       runs of each, medians are shown (3)
  --seconds N    measured seconds of each run (60)
  --settle N     seconds between the last join and the measurement (5)
  --engines A,B  of partyline, janus, floor; all three unless given
  --first        server (nice -10) and generator (real time) go before others, as root: for a machine that is not quiet
  --noise        listeners send the noise of a quiet room instead of digital silence
  --other DIR    another checkout of Partyline, measured in turn with this one
  --janus-rate N rate of Janus's rooms in Hz: 8000, 16000, 24000 or 48000 (the codec's own, which is its cheapest)
  --joins N      joins and leaves of the memory run (10000)
  --json FILE    every run's figures
  --check        exit 1 when an item of the target is missed`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      settle: { type: 'string', default: '5' },
      engines: { type: 'string', default: 'partyline,janus,floor' },
      first: { type: 'boolean', default: false },
      noise: { type: 'boolean', default: false },
      other: { type: 'string' },
      'janus-rate': { type: 'string' },
      joins: { type: 'string', default: '10000' },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const number = (name: string, text: string): number => {
    if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} is "${text}"; it must be a whole number over 0`)
    return Number(text)
  }
  const chosen = positionals
    .filter((name) => name !== 'memory')
    .map((name) => {
      const plan = namedPlan(name)
      if (!plan) throw new Error(`there is no scenario "${name}"\n${usage}`)
      return plan
    })
  const memory = positionals.includes('memory')
  return {
    ...values,
    memory,
    plans: chosen.length > 0 || memory ? chosen : values.quick ? quickPlans : plans,
    runs: number('runs', values.runs ?? (values.quick ? '1' : '3')),
    seconds: number('seconds', values.seconds ?? (values.quick ? '5' : '60')),
    settleSeconds: number('settle', values.settle),
    joins: number('joins', values.joins),
    janusRate: values['janus-rate'] === undefined ? undefined : number('janus-rate', values['janus-rate']),
    otherCheckout: values.other,
    engines: [...values.engines.split(','), ...(values.other === undefined ? [] : ['other'])],
  }
}

type Options = ReturnType<typeof options>

const oneLine = (trial: Trial): string =>
  `${trial.micros.toFixed(0)} µs per participant and second, received ${(trial.heard.receivedShare.mean * 100).toFixed(2)} %, threads ${Object.entries(
    trial.threads,
  )
    .slice(0, 4)
    .map(([name, share]) => `${name} ${(share * 100).toFixed(1)} %`)
    .join(', ')}${trial.hammer ? `; API ${JSON.stringify(trial.hammer)}` : ''}`

/** Engines take turns within a run, so that what disturbs the machine disturbs them alike. */
async function measure(given: Options, stopped: () => boolean): Promise<{ trials: Trial[]; failures: Failure[] }> {
  const trials: Trial[] = []
  const failures: Failure[] = []
  const attempt = async (plan: Plan, engine: Engine, run: number): Promise<void> => {
    try {
      const trial = await runTrial(engine, plan, given)
      trials.push(trial)
      say(`${plan.name} ${engine} run ${run + 1}: ${oneLine(trial)}`)
      for (const doubt of doubts(trial)) say(`  doubtful: ${doubt}`)
    } catch (error) {
      failures.push({ scenario: plan.name, engine, error: error instanceof Error ? error.message : String(error) })
      say(`${plan.name} ${engine} run ${run + 1}: FAILED, ${failures.at(-1)?.error}`)
    }
  }
  for (const plan of given.plans) {
    const engines = ([...plan.engines, 'other'] as const).filter((engine) => given.engines.includes(engine))
    for (let run = 0; run < (plan.once ? 1 : given.runs); run += 1) {
      for (const engine of engines) if (!stopped()) await attempt(plan, engine, run)
    }
  }
  return { trials, failures }
}

async function main(): Promise<number> {
  const given = options()
  if (given.help) {
    say(usage)
    return 0
  }
  let stopped = false
  process.once('SIGTERM', () => process.exit(143))
  process.on('SIGINT', () => {
    if (stopped) process.exit(130)
    stopped = true
    say('Stopping …')
  })
  pinSelf(generatorCore)
  if (given.first) goFirst()
  if (!pinned) say('Only one core here: nothing is pinned, and the figures include the generator’s.')
  if (given.engines.includes('janus') && !janusInstalled()) {
    say('Janus is not installed and is left out (Debian: apt-get install --no-install-recommends janus)')
    given.engines = given.engines.filter((engine) => engine !== 'janus')
  }
  const { trials, failures } = await measure(given, () => stopped)
  const memory = given.memory
    ? await runMemory(
        { from: 100, to: given.quick ? 200 : 1000, joins: given.joins, settleSeconds: given.settleSeconds },
        say,
      )
    : undefined
  const found: Check[] = [...checks(trials), ...(memory ? memoryChecks(memory) : [])]
  if (trials.length > 0)
    say(`\nMedians of ${given.runs}, ${given.seconds} s each, times in ms\n\n${formatTable(trials)}\n`)
  for (const line of [...formatRatios(trials), ...found.map(formatCheck)]) say(line)
  if (given.json) writeFileSync(given.json, `${JSON.stringify({ trials, failures, memory, checks: found }, null, 1)}\n`)
  const missed = failures.some(({ engine }) => engine === 'partyline') || !found.every(passes)
  return given.check && missed ? 1 : 0
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
