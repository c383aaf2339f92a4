// A crowd in a process of its own: N phones dial one URI, K of them talk with tones of their own, all stay for S seconds,
// then a JSON report goes to standard output. Usage: node crowd.ts '{"uri": "sip:…", "phones": 100, "talkers": 4, "seconds": 60}'
import { setTimeout as wait } from 'node:timers/promises'
import { createToneMeter } from '../../demo/phone/ears.ts'
import { createMetronome } from '../../demo/phone/metronome.ts'
import { createPhone } from '../../demo/phone/phone.ts'
import type { MediaCounters } from '../../demo/phone/rtp.ts'
import { sampleRate, silence, tone } from '../../demo/phone/sound.ts'

export interface CrowdOptions {
  readonly uri: string
  readonly phones: number
  readonly talkers: number
  readonly seconds: number
  /** Address of the phones; 127.0.0.1 unless given. */
  readonly localAddress?: string
  /** Calls set up at the same time; 1 unless given. */
  readonly atOnce?: number
}

export interface CrowdMember extends MediaCounters {
  readonly name: string
  /** From INVITE to ACK. */
  readonly setUpMs: number
  /** How long this process itself was held up meanwhile: part of `setUpMs` that is not the server's. */
  readonly heldUpMs: number
  /** Its own tone in Hz, 0 for a listener. */
  readonly ownTone: number
  /** Share of the frames heard while the whole crowd was there, by frequency. */
  readonly share: Readonly<Record<string, number>>
  readonly longestHole: Readonly<Record<string, number>>
  /** Level in dBov of its own tone in what it heard; -127 when it was never above -45. */
  readonly ownEcho: number
}

export interface CrowdReport {
  readonly members: readonly CrowdMember[]
  /** Largest lateness of the phones' own sending once all were there, milliseconds: how far to trust the figures. */
  readonly worstLatenessMs: number
}

/** On the 50 Hz grid, so that no tone nor its harmonics or differences meet another. */
const frequencies = [450, 700, 1150, 1850, 550, 850, 1450, 2350]

async function join(options: CrowdOptions, metronome: ReturnType<typeof createMetronome>, index: number) {
  const tones = frequencies.slice(0, options.talkers)
  const ownTone = tones[index] ?? 0
  let meter = createToneMeter(tones, sampleRate)
  const phone = await createPhone({
    name: `crowd${index}`,
    localAddress: options.localAddress ?? '127.0.0.1',
    metronome,
    source: ownTone === 0 ? silence : tone(ownTone, -23),
    onFrame: ({ samples }) => meter.hear(samples),
  })
  metronome.takeLateness()
  const setUpMs = await phone.invite(options.uri)
  const heldUpMs = metronome.takeLateness()
  return {
    /** From now on the tones count. */
    attend: () => {
      meter = createToneMeter(tones, sampleRate)
    },
    report(): CrowdMember {
      const heard = meter.report()
      const own = heard.find(({ frequency }) => frequency === ownTone)
      return {
        name: `crowd${index}`,
        setUpMs,
        heldUpMs,
        ownTone,
        share: Object.fromEntries(heard.map(({ frequency, share }) => [frequency, share])),
        longestHole: Object.fromEntries(heard.map(({ frequency, longestHole }) => [frequency, longestHole])),
        ownEcho: own?.level ?? -127,
        ...phone.counters(),
      }
    },
    leave: () => phone.bye().finally(() => phone.close()),
  }
}

async function main(options: CrowdOptions): Promise<CrowdReport> {
  const metronome = createMetronome()
  const members: Awaited<ReturnType<typeof join>>[] = []
  const { atOnce = 1, phones, seconds } = options
  for (let index = 0; index < phones; index += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, phones - index) }, (_, offset) =>
      join(options, metronome, index + offset),
    )
    members.push(...(await Promise.all(batch)))
  }
  // The last one's first packets and the server's buffers settle.
  await wait(500)
  for (const member of members) member.attend()
  metronome.takeLateness()
  await wait(seconds * 1000)
  const report = { members: members.map((member) => member.report()), worstLatenessMs: metronome.takeLateness() }
  await Promise.all(members.map((member) => member.leave()))
  metronome.close()
  return report
}

process.stdout.write(`${JSON.stringify(await main(JSON.parse(process.argv[2] ?? '{}') as CrowdOptions))}\n`)
