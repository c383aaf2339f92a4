// The demo: three built-in phones, each with its own melody, meet in a conference of a real server; one is kicked.
// Shows live who talks and leaves what the first phone heard as a WAV file. `--seconds N` sets the length, 20 unless given.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Guest, voices } from './guest.ts'
import { createMetronome, type Metronome } from './phone/metronome.ts'
import { sampleRate } from './phone/sound.ts'
import { writeWav } from './phone/wav.ts'
import { Screen } from './screen.ts'
import { type DemoServer, startDemoServer } from './server.ts'

interface Conference {
  readonly id: string
  readonly direct_hash: string
  readonly conferencecall_ids: readonly string[]
}

const screen = new Screen()
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopping.abort(new Error('interrupted')))

function options(): number {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } })
  const seconds = Number(values.seconds)
  if (!(seconds >= 4 && seconds <= 3600))
    throw new Error(`--seconds is "${values.seconds}"; it must be a number from 4 to 3600`)
  return seconds
}

/** Dials in one by one; answers each guest's conferencecall. */
async function seat(server: DemoServer, conference: Conference, guests: readonly Guest[]): Promise<Map<Guest, string>> {
  const seats = new Map<Guest, string>()
  for (const guest of guests) {
    const setUpMs = await guest.phone.invite(server.sip(`direct.${conference.direct_hash}`))
    while (!seats.has(guest)) {
      const { conferencecall_ids: ids } = await server.api<Conference>('GET', `/conferences/${conference.id}`)
      const id = ids.find((candidate) => ![...seats.values()].includes(candidate))
      if (id !== undefined) seats.set(guest, id)
      else await wait(20, undefined, { signal: stopping.signal })
    }
    screen.say(`${guest.voice.name} dialled in (${setUpMs.toFixed(0)} ms)`)
  }
  return seats
}

/** Shows the guests until the time is up or the server fails. */
async function watch(
  guests: readonly Guest[],
  gone: ReadonlySet<Guest>,
  options: { readonly seconds: number; readonly failed: Promise<never> },
) {
  const over = wait(options.seconds * 1000, undefined, { signal: stopping.signal })
  const timer = setInterval(() => screen.show(guests, gone), screen.interval)
  try {
    await Promise.race([over, options.failed])
  } finally {
    clearInterval(timer)
  }
}

/** What should have been and was not; empty when all went well. */
function shortcomings(guests: readonly Guest[], heard: ReadonlyMap<Guest, readonly string[]>): string[] {
  return guests.flatMap((guest) => {
    const { name } = guest.voice
    const others = voices.map((voice) => voice.name).filter((other) => other !== name)
    const names = heard.get(guest) ?? []
    const { lost } = guest.phone.counters()
    return [
      ...others.filter((other) => !names.includes(other)).map((other) => `${name} did not hear ${other}`),
      ...(names.includes(name) ? [`${name} heard an echo`] : []),
      ...(lost > 0 ? [`${name} missed ${lost} packets`] : []),
    ]
  })
}

async function meet(server: DemoServer, metronome: Metronome, seconds: number): Promise<string[]> {
  const conference = await server.api<Conference>('POST', '/conferences', { type: 'conference', name: 'demo' })
  screen.say(`A conference is open at ${server.sip(`direct.${conference.direct_hash}`)}`)
  const guests: Guest[] = []
  try {
    for (const voice of voices) guests.push(await Guest.open(voice, metronome))
    const seats = await seat(server, conference, guests)
    const gone = new Set<Guest>()
    await watch(guests, gone, { seconds: seconds * 0.6, failed: server.failed })
    const heard = new Map(guests.map((guest) => [guest, guest.heard(true)]))

    const [anna, , carla] = guests
    if (!anna || !carla) throw new Error('a guest is missing')
    await server.api('DELETE', `/conferencecalls/${seats.get(carla) ?? ''}`)
    await carla.phone.ended
    gone.add(carla)
    carla.hush()
    screen.keep()
    screen.say('Carla is kicked: the others talk on')
    const framesAtKick = carla.framesHeard
    await watch(guests, gone, { seconds: seconds * 0.4, failed: server.failed })
    screen.keep()

    const path = join(mkdtempSync(join(tmpdir(), 'partyline-')), 'what-anna-heard.wav')
    writeFileSync(path, writeWav(anna.recording(), sampleRate))
    const leftover = carla.framesHeard - framesAtKick
    const missing = [
      ...shortcomings(guests, heard),
      ...(leftover > 2 ? [`Carla heard ${leftover} frames after the kick`] : []),
    ]
    if (anna.heard().includes('Carla')) missing.push('Anna still heard Carla after the kick')
    await Promise.all(guests.map((guest) => guest.phone.bye()))
    screen.say(`What Anna heard: ${path}`)
    return missing
  } finally {
    for (const guest of guests) guest.phone.close()
  }
}

async function run(): Promise<number> {
  const seconds = options()
  screen.say('Starting a server on spare ports …')
  const server = await startDemoServer()
  const metronome = createMetronome()
  try {
    const missing = await meet(server, metronome, seconds)
    for (const line of missing) screen.say(`Not as it should be: ${line}`)
    if (missing.length === 0)
      screen.say('Everybody heard everybody else, and nobody themselves. `npm start` runs the server for real.')
    return missing.length === 0 ? 0 : 1
  } finally {
    metronome.close()
    await server.stop()
  }
}

run().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    screen.keep()
    const why = stopping.signal.aborted
      ? 'stopped before the end'
      : error instanceof Error
        ? error.message
        : String(error)
    process.stderr.write(`partyline demo: ${why}\n`)
    process.exitCode = 1
  },
)
