// `npm run bench:calls`: new calls a second into many conferences, on one core, and what it takes to set them up.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { generatorCore, goFirst, pinned, pinSelf } from '../capacity/child.ts'
import { sippInstalled } from './sipp.ts'
import { checks, doubts, formatCheck, formatRatios, formatTable, passes } from './table.ts'
import { type Engine, runTrial, type Trial } from './trial.ts'

const usage = `Usage: npm run bench:calls -- [options]
  --rate N         new calls a second (100)
  --seconds N      measured seconds of each run (60)
  --conferences N  into which they are dialled in turn (100)
  --life N         seconds from answer to BYE (10)
  --runs N         runs of each engine, medians are shown (1)
  --engines A,B    of partyline, sipp; both unless given
  --other DIR      another checkout of Partyline, measured in turn with this one
  --audio          phones send and receive 50 packets a second; without it they are silent and ask for nothing, as with SIPp
  --first          the server (nice -10) and the callers (real time) go before others, as root
  --quick          10 seconds after a short warm-up
  --profile DIR    V8 CPU profiles of the server's threads
  --json FILE      every run's figures
  --check          exit 1 when the target is missed`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

function options() {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '100' },
      seconds: { type: 'string' },
      conferences: { type: 'string', default: '100' },
      life: { type: 'string', default: '10' },
      runs: { type: 'string', default: '1' },
      engines: { type: 'string', default: 'partyline,sipp' },
      other: { type: 'string' },
      audio: { type: 'boolean', default: false },
      first: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const number = (name: string, text: string): number => {
    if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`--${name} is "${text}"; it must be a whole number over 0`)
    return Number(text)
  }
  const engines = values.engines.split(',').map((name): Engine => {
    if (name !== 'partyline' && name !== 'sipp') throw new Error(`there is no engine "${name}"\n${usage}`)
    return name
  })
  return {
    ...values,
    rate: number('rate', values.rate),
    seconds: number('seconds', values.seconds ?? (values.quick ? '10' : '60')),
    conferences: number('conferences', values.conferences),
    life: number('life', values.life),
    runs: number('runs', values.runs),
    engines: [...engines, ...(values.other === undefined ? [] : (['other'] as const))],
    warmUp: values.quick ? 3 : 10,
    otherCheckout: values.other,
  }
}

function oneLine(trial: Trial): string {
  const threads = Object.entries(trial.threads)
    .slice(0, 5)
    .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
  const trouble = Object.entries(trial.failures).map(([why, count]) => `${count} × ${why}`)
  return [
    `${trial.answered} of ${trial.offered} answered`,
    `${trial.cpuPerCall.toFixed(2)} ms CPU per call (${threads.join(', ')})`,
    ...(trial.repeated2xx > 0 ? [`${trial.repeated2xx} answers repeated`] : []),
    ...trouble,
  ].join('; ')
}

/** Where the kernel groups processes by session, nice means something within one only: the group is raised as well. */
function goBefore(): void {
  goFirst()
  const group = '/proc/self/autogroup'
  if (existsSync(group)) writeFileSync(group, '-10')
  // Not for those that it starts: servers of real time would share their core by turns of 100 ms.
  spawnSync('chrt', ['-a', '-R', '-r', '-p', '1', String(process.pid)])
}

async function main(): Promise<number> {
  const given = options()
  if (given.help) {
    say(usage)
    return 0
  }
  process.once('SIGTERM', () => process.exit(143))
  process.once('SIGINT', () => process.exit(130))
  pinSelf(generatorCore)
  if (given.first) goBefore()
  if (given.profile !== undefined) mkdirSync(given.profile, { recursive: true })
  if (!pinned) say('Only one core here: nothing is pinned, and the figures include the generator’s.')
  const engines = given.engines.filter((engine) => engine !== 'sipp' || sippInstalled())
  if (engines.length < given.engines.length)
    say('SIPp is not installed and is left out (Debian: apt-get install sip-tester)')
  const trials: Trial[] = []
  for (let run = 0; run < given.runs; run += 1) {
    for (const engine of engines) {
      const trial = await runTrial(engine, given)
      trials.push(trial)
      say(`${engine} run ${run + 1}: ${oneLine(trial)}`)
      for (const doubt of doubts(trial)) say(`  doubtful: ${doubt}`)
    }
  }
  const found = checks(trials)
  const { rate, seconds, conferences, life } = given
  say(`\n${rate} calls a second for ${seconds} s into ${conferences} conferences, ${life} s each; times in ms\n`)
  say(`${formatTable(trials)}\n`)
  for (const line of [...formatRatios(trials), ...found.map(formatCheck)]) say(line)
  if (given.json) writeFileSync(given.json, `${JSON.stringify({ trials, checks: found }, null, 1)}\n`)
  return given.check && !found.every(passes) ? 1 : 0
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
