// Every action that plays, listens, records or sends, each on a real call and told by what the phone, a file or a socket
// gets to hear. The calls run side by side on one server.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listen, type ToneReport } from '../../demo/phone/ears.ts'
import { decode, encode } from '../../demo/phone/g711.ts'
import { bind, createRtpReader, createRtpWriter } from '../../demo/phone/rtp.ts'
import { type SoundSource, silence, tone } from '../../demo/phone/sound.ts'
import { readWav, writeWav } from '../../demo/phone/wav.ts'
import type { Call, Conference } from './facts.ts'
import { digits, Stage } from './flow-stage.ts'
import { voiceIn } from './spectrum.ts'
import { eventually } from './tools.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage?.close())

function joined(parts: readonly Int16Array[]): Int16Array {
  const samples = new Int16Array(parts.length * 160)
  for (const [index, frame] of parts.entries()) samples.set(frame, index * 160)
  return samples
}

/** So many frames of it, one after the other. */
const take = (source: SoundSource, count: number): Int16Array => joined(Array.from({ length: count }, source))

/** In turn, each for its frames of 20 ms; the last goes on. */
function turns(...parts: readonly (readonly [SoundSource, number])[]): SoundSource {
  let beats = 0
  return () => {
    let until = 0
    for (const [source, frames] of parts) {
      until += frames
      if (beats < until) {
        beats += 1
        return source()
      }
    }
    return (parts.at(-1)?.[0] ?? silence)()
  }
}

/** What stands for a variable in an option. */
const value = (name: string): string => `$\{${name}}`
const sleep = (duration: number): object => ({ type: 'sleep', option: { duration } })
const frames = ({ first, last }: ToneReport): number => last - first + 1
const text = 'This is a rather long sentence, which goes on and on, so that there is time enough to cut it short.'

describe.concurrent('actions that are heard', () => {
  test('play says one file after the other, passes over what is missing and fetches each once', async () => {
    const wav = (frequency: number): string =>
      stage.web.page(() => ({ type: 'audio/wav', body: writeWav(take(tone(frequency), 50), 8000) }))
    const missing = stage.web.page(() => ({ status: 404 }))
    const [first, second] = [wav(700), wav(1100)]
    const urls = [first, missing, second, first].map((path) => stage.web.url(path))
    const { phone } = await stage.ring([{ type: 'play', option: { stream_urls: urls } }, digits('1')])
    await phone.ended
    const [one, two] = phone.tones([700, 1100])
    expect(two, 'the second file').toMatchObject({ longestHole: 0 })
    expect(two && frames(two)).toBeGreaterThanOrEqual(50)
    expect(two && frames(two)).toBeLessThanOrEqual(51)
    expect(two?.level).toBeCloseTo(-23, 0)
    const heard = Math.round((one?.share ?? 0) * phone.count)
    expect(heard, 'frames of the first file, played twice').toBeGreaterThanOrEqual(100)
    expect(heard).toBeLessThanOrEqual(104)
    expect((one?.first ?? 0) < (two?.first ?? 0) && (two?.last ?? 0) < (one?.last ?? 0)).toBe(true)
    expect(phone.ears.keys).toBe('1')
    expect(stage.web.visitsTo(first)).toHaveLength(1)
    expect(stage.web.visitsTo(missing).length).toBeGreaterThan(0)
  })

  test('talk says a text, beside the flow when it is asynchronous, and a key cuts it short when it may', async () => {
    const option = { text, language: 'en-US' }
    const { phone } = await stage.ring([
      { type: 'talk', option: { ...option, async: true } },
      digits('1'),
      { type: 'digits_receive', option: { length: 1 } },
      digits('2'),
      { type: 'talk', option: { ...option, digits_handle: 'next' } },
      digits('3'),
    ])
    const voice = async (): Promise<void> => {
      const from = phone.count
      await phone.until('a voice', () => voiceIn(phone.samples(from)).seconds > 0.5)
    }
    await phone.until('the first key', () => phone.ears.keys === '1')
    await voice()
    await phone.press('#')
    await phone.until('the second key', () => phone.ears.keys === '12', 1500)
    await voice()
    expect(phone.ears.keys).toBe('12')
    await phone.press('*')
    await phone.until('the third key', () => phone.ears.keys === '123', 1500)
    await phone.ended
  })

  test('talk pauses where SSML says so', async () => {
    const { phone } = await stage.ring([
      { type: 'talk', option: { text: '<speak>One.<break time="1500ms"/>Two.</speak>', language: 'en-US' } },
    ])
    await phone.ended
    const loud = phone.levels().map((level) => level > -45)
    const { seconds, inBand } = voiceIn(phone.samples())
    expect(inBand).toBeGreaterThan(0.8)
    expect(seconds).toBeGreaterThan(1.8)
    expect(seconds).toBeLessThan(4)
    const spoken = loud.slice(loud.indexOf(true), loud.lastIndexOf(true))
    expect(spoken.map((is) => (is ? '#' : '.')).join('')).toMatch(/#\.{70,100}#/)
  })

  test('what is to be heard answers a call that rings', async () => {
    const caller = await stage.phone({ name: 'caller' })
    await caller.invite(await stage.door([{ type: 'beep' }]))
    await caller.hearsTone(1000)
    await caller.ended
  })

  test('beep is half a second of 1000 Hz', async () => {
    const { phone } = await stage.ring([{ type: 'beep' }])
    await phone.ended
    const [beep] = phone.tones([1000])
    expect(beep).toMatchObject({ longestHole: 0 })
    expect(beep && frames(beep)).toBeGreaterThanOrEqual(24)
    expect(beep && frames(beep)).toBeLessThanOrEqual(27)
  })

  test('echo gives the voice back for its time, and no keys', async () => {
    const { phone } = await stage.ring([{ type: 'echo', option: { duration: 1000 } }, digits('1')], {
      source: tone(700),
    })
    await phone.hearsTone(700)
    await phone.press('5')
    await phone.ended
    const [own] = phone.tones([700])
    expect(own && frames(own)).toBeGreaterThan(35)
    expect(own && frames(own)).toBeLessThan(56)
    expect(phone.ears.keys).toBe('1')
  })

  test('stream_echo gives voice and keys back', async () => {
    const { phone } = await stage.ring([{ type: 'stream_echo', option: { duration: 2500 } }], { source: tone(700) })
    await phone.hearsTone(700)
    await phone.press('5#')
    await phone.until('its keys', () => phone.ears.keys === '5#', 2000)
    await phone.hearsTone(700)
    await phone.ended
  })

  test('sleep passes the time', async () => {
    const { phone } = await stage.ring([digits('1'), { type: 'sleep', option: { duration: 1500 } }, digits('2')])
    await phone.until('the first key', () => phone.ears.keys === '1')
    const at = performance.now()
    await phone.until('the second key', () => phone.ears.keys === '12')
    expect(performance.now() - at).toBeGreaterThan(1500)
    expect(performance.now() - at).toBeLessThan(2200)
    await phone.ended
  })
})

describe.concurrent('keys', () => {
  test('digits_send presses each for its time', async () => {
    const { phone } = await stage.ring([
      { type: 'digits_send', option: { digits: '159A*#', duration: 200, interval: 100 } },
    ])
    await phone.ended
    expect(phone.ears.keys).toBe('159A*#')
    for (const { ms } of phone.ears.all) expect(ms).toBe(200)
  })

  test('digits_receive ends by length, by key and by time, and shows what came', async () => {
    const { phone, activeflowId } = await stage.ring([
      { type: 'digits_receive', option: { length: 3, duration: 10_000 } },
      { type: 'variable_set', option: { key: 'by.length', value: value('voipbin.call.digits') } },
      { type: 'variable_set', option: { key: 'voipbin.call.digits', value: '' } },
      digits('1'),
      { type: 'digits_receive', option: { length: 0, key: '#*', duration: 10_000 } },
      { type: 'variable_set', option: { key: 'by.key', value: value('voipbin.call.digits') } },
      { type: 'variable_set', option: { key: 'voipbin.call.digits', value: '' } },
      digits('2'),
      { type: 'digits_receive', option: { length: 4, duration: 1500 } },
    ])
    await phone.press('123')
    await phone.until('the first key', () => phone.ears.keys === '1')
    await phone.press('45*')
    await phone.until('the second key', () => phone.ears.keys === '12')
    await phone.press('78')
    await phone.ended
    expect((await stage.ended(activeflowId)).variables).toMatchObject({
      'by.length': '123',
      'by.key': '45*',
      'voipbin.call.digits': '78',
    })
  })
})

describe.concurrent('listening', () => {
  test('recording_start and recording_stop keep what was said and heard between them, with a beep before', async () => {
    const { phone, activeflowId, callId } = await stage.ring(
      [
        sleep(500),
        { type: 'recording_start', option: { beep_start: true } },
        sleep(1500),
        { type: 'recording_stop' },
        digits('1'),
      ],
      { source: tone(700) },
    )
    await phone.ended
    const { variables } = await stage.ended(activeflowId)
    expect(variables).toMatchObject({
      'voipbin.recording.reference_type': 'call',
      'voipbin.recording.reference_id': callId,
      'voipbin.recording.format': 'wav',
    })
    const names = (variables['voipbin.recording.filenames'] ?? '').split(',')
    expect(names).toHaveLength(2)
    const [said, heard] = names.map((name) => {
      const { samples, sampleRate } = readWav(readFileSync(join(stage.server.dataDir, 'recordings', name)))
      return { seconds: samples.length / sampleRate, tones: listen(samples, sampleRate, [700, 1000]) }
    })
    expect(said?.seconds).toBeGreaterThan(1.4)
    expect(said?.seconds).toBeLessThan(2.6)
    expect(said?.tones[0]?.share).toBeGreaterThan(0.95)
    for (const { share } of heard?.tones ?? []) expect(share, 'the beep comes before the recording').toBe(0)
    const [beep] = phone.tones([1000])
    expect(beep && frames(beep)).toBeGreaterThan(20)
    expect(heard?.seconds).toBeCloseTo(said?.seconds ?? 0, 1)
  })

  test('a recording in Ogg can be played again', async () => {
    const { phone, activeflowId } = await stage.ring(
      [{ type: 'recording_start', option: { format: 'ogg', duration: 1 } }, sleep(1500)],
      { source: tone(700) },
    )
    await phone.ended
    const { variables } = await stage.ended(activeflowId)
    const [said = ''] = (variables['voipbin.recording.filenames'] ?? '').split(',')
    const file = readFileSync(join(stage.server.dataDir, 'recordings', said))
    const path = stage.web.page(() => ({ type: 'audio/ogg', body: file }))
    const again = await stage.ring([{ type: 'play', option: { stream_urls: [stage.web.url(path)] } }])
    await again.phone.ended
    const [own] = again.phone.tones([700])
    expect(own).toMatchObject({ longestHole: 0 })
    expect(own && frames(own)).toBeGreaterThan(44)
    expect(own && frames(own)).toBeLessThan(58)
  })

  const greets = turns([silence, 40], [tone(300, -20), 35], [silence, 1])
  const recites = turns([silence, 20], [tone(300, -20), 1000])
  test.each([
    ['a person', 'human', 'pause_after_greeting', greets],
    ['a machine', 'machine', 'long_greeting', recites],
  ])('amd takes %s for one', async (_, result, reason, source) => {
    const { phone, activeflowId } = await stage.ring([{ type: 'amd' }, digits('1')], { source })
    await phone.ended
    expect(phone.ears.keys).toBe('1')
    expect((await stage.ended(activeflowId)).variables).toMatchObject({
      'voipbin.call.amd.result': result,
      'voipbin.call.amd.reason': reason,
    })
  })

  test('amd hangs up on a machine while the flow goes on, with the reason that says so', async () => {
    const { phone, callId } = await stage.ring(
      [{ type: 'amd', option: { machine_handle: 'hangup', async: true } }, digits('1'), sleep(60_000)],
      { source: silence },
    )
    expect(await phone.ended).toEqual({ by: 'remote', status: 0 })
    expect(phone.ears.keys).toBe('1')
    expect(await stage.over(callId)).toMatchObject({ hangup_by: 'local', hangup_reason: 'amd' })
  })

  /** A host that speaks 1100 Hz to whoever it hears. */
  async function host() {
    const socket = await bind('127.0.0.1', 0)
    const reader = createRtpReader()
    const write = createRtpWriter()
    const says = tone(1100)
    const heard: Int16Array[] = []
    socket.on('message', (packet, { port, address }) => {
      const frame = reader.read(packet, 0)
      if (frame) heard.push(decode('PCMU', frame.payload))
      socket.send(write(0, encode('PCMU', says())), port, address)
    })
    return {
      external_host: `127.0.0.1:${socket.address().port}`,
      heard,
      /** The tones in the last 20 frames. */
      last: (frequencies: readonly number[]): ToneReport[] => listen(joined(heard.slice(-20)), 8000, frequencies),
      close: () => socket.close(),
    }
  }

  test('external_media_start lets a host hear and speak, external_media_stop ends it', async () => {
    const { external_host, heard, last, close } = await host()
    const { phone } = await stage.ring(
      [
        { type: 'external_media_start', option: { external_host } },
        { type: 'digits_receive', option: { length: 1 } },
        { type: 'external_media_stop' },
        digits('1'),
        { type: 'digits_receive', option: { length: 1 } },
      ],
      { source: tone(700) },
    )
    await phone.hearsTone(1100, { frames: 50 })
    expect(phone.tones([700])).toMatchObject([{ share: 0 }])
    expect(heard.length).toBeGreaterThan(40)
    expect(last([700, 1100])).toMatchObject([{ share: 1 }, { share: 0 }])
    await phone.press('1')
    await phone.until('that it is over', () => phone.ears.keys === '1')
    const [before, from] = [heard.length, phone.count]
    await phone.hear(25)
    expect(heard.length - before, 'packets to the host after the end').toBe(0)
    expect(phone.tones([1100], from + 5)).toMatchObject([{ share: 0 }])
    await phone.bye()
    close()
  })

  test('external media goes along into a conference: the host hears both sides, the conference does not hear it', async () => {
    const conference = await stage.conference()
    const other = await stage.phone({ name: 'other', source: tone(400) })
    await other.invite(stage.server.sip(`direct.${conference.direct_hash}`))
    const { external_host, last, close } = await host()
    const { phone } = await stage.ring(
      [
        { type: 'external_media_start', option: { external_host, direction_listen: 'both' } },
        { type: 'conference_join', option: { conference_id: conference.id } },
      ],
      { source: tone(700) },
    )
    await Promise.all([phone.hearsTone(400), phone.hearsTone(1100), other.hearsTone(700)])
    await phone.until('the host that hears both', () => last([400, 700]).every(({ share }) => share === 1))
    expect(other.tones([1100])).toMatchObject([{ share: 0 }])
    await Promise.all([phone.bye(), other.bye()])
    close()
  })
})

describe.concurrent('conferences', () => {
  test('conference_join, mute out, in and none: who hears whom', async () => {
    const conference = await stage.conference({ data: { leave_key: '#' } })
    const join = { type: 'conference_join', option: { conference_id: conference.id } }
    const mute = (direction: string): object => ({ type: 'mute', option: { direction } })
    const other = await stage.phone({ name: 'other', source: tone(700) })
    await other.invite(stage.server.sip(`direct.${conference.direct_hash}`))
    const { phone, callId } = await stage.ring([mute('out'), join, mute('in'), join, mute('none'), join], {
      source: tone(1000),
    })
    const muted = async (direction: string): Promise<void> => {
      await eventually('it is in the conference', async () => {
        const { conferencecall_ids } = await stage.server.api<Conference>('GET', `/conferences/${conference.id}`)
        return conferencecall_ids.length === 2 ? true : undefined
      })
      const call = await stage.server.api<Call & { mute_direction: string }>('GET', `/calls/${callId}`)
      expect(call.mute_direction).toBe(direction)
    }
    await other.hearsTone(1000)
    await muted('out')
    await other.hear(25)
    expect(phone.tones([700])).toMatchObject([{ share: 0 }])
    await phone.press('#')
    await other.hearsSilence()
    const from = other.count
    await phone.hearsTone(700, { frames: 25 })
    await muted('in')
    expect(other.tones([1000], from)).toMatchObject([{ share: 0 }])
    await phone.press('#')
    await Promise.all([other.hearsTone(1000, { frames: 25 }), phone.hearsTone(700, { frames: 25 })])
    await muted('')
    await phone.press('#')
    await phone.ended
    await other.bye()
  })

  test('conference_join into a conference that is not there hangs up', async () => {
    const { phone, callId, activeflowId } = await stage.ring([
      { type: 'conference_join', option: { conference_id: '22222222-0000-4000-8000-000000000009' } },
      digits('1'),
    ])
    await phone.ended
    expect(phone.ears.keys).toBe('')
    expect(await stage.over(callId)).toMatchObject({ hangup_by: 'local', hangup_reason: 'normal' })
    expect((await stage.ended(activeflowId)).error).toContain('22222222-0000-4000-8000-000000000009')
  })

  test('confbridge_join enters the mix as well', async () => {
    const conference = await stage.conference()
    const joins = [{ type: 'confbridge_join', option: { confbridge_id: conference.id } }]
    const [one, two] = await Promise.all([
      stage.ring(joins, { name: 'one', source: tone(700) }),
      stage.ring(joins, { name: 'two', source: tone(1000) }),
    ])
    await Promise.all([one.phone.hearsTone(1000), two.phone.hearsTone(700)])
    await stage.server.api('DELETE', `/conferences/${conference.id}`)
    await Promise.all([one.phone.ended, two.phone.ended])
  })
})

describe.concurrent('cut short', () => {
  const long: readonly (readonly [string, object])[] = [
    ['talk', { text, language: 'en-US' }],
    ['talk', { text, language: 'en-US', async: true }],
    ['beep', {}],
    ['echo', {}],
    ['stream_echo', {}],
    ['sleep', { duration: 60_000 }],
    ['digits_receive', {}],
    ['digits_send', { digits: '0123456789'.repeat(5) }],
    ['recording_start', {}],
    ['amd', {}],
    ['external_media_start', { external_host: '127.0.0.1:9' }],
  ]
  const ways = { 'a hang-up': 'hangup', 'a stop of the activeflow': 'stop' } as const
  test.each(Object.entries(ways))('by %s every action ends without an error, and the call with it', async (_, way) => {
    const { id: confbridge_id } = await stage.conference()
    const entered = [...long, ['confbridge_join', { confbridge_id }] as const]
    await Promise.all(
      entered.map(async ([type, option]) => {
        const { phone, callId, activeflowId } = await stage.ring([{ type, option }, sleep(60_000)], {
          name: type,
          source: tone(700),
        })
        await phone.until('anything', () => phone.count >= 8 || phone.ears.all.length >= 2)
        if (way === 'hangup') await phone.bye()
        else await stage.server.api('POST', `/activeflows/${activeflowId}/stop`)
        await phone.ended
        expect((await stage.ended(activeflowId)).error, type).toBe('')
        const by = way === 'hangup' ? 'remote' : 'local'
        expect(await stage.over(callId), type).toMatchObject({ hangup_by: by, hangup_reason: 'normal' })
      }),
    )
  })
})
