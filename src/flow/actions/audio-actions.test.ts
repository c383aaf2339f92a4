// Actions on the sound of a call: talk, play, stream_echo, digits_send, mute, external media, recordings.
import { describe, expect, it } from 'vitest'
import { UserError } from '../../base/errors.ts'
import { newUuid, nilUuid } from '../../base/ids.ts'
import { createWorld } from '../flow.fixture.ts'

const types = (list: readonly { readonly type: string }[]): string => list.map(({ type }) => type).join(' ')
const beep = { type: 'beep' }

describe('talk', () => {
  it('renders the text as asked, plays it, then goes on', async () => {
    const { startOnCall, call, clock, speech } = createWorld()
    const option = { text: '<speak>Hi</speak>', language: 'de-DE', voice_id: 'v', provider: 'aws' }
    await startOnCall([{ type: 'talk', option }, beep])
    await clock.advance(999)
    expect(speech.asked).toEqual([{ text: option.text, language: 'de-DE', voiceId: 'v', provider: 'aws' }])
    expect(call.heard).toEqual(['play <speak>Hi</speak>'])
    await clock.advance(1)
    expect(call.heard).toEqual(['play <speak>Hi</speak>', 'beep'])
  })

  it('goes on at once when async, and is cut by the next talk and by the end', async () => {
    const { startOnCall, call, clock } = createWorld()
    const say = (text: string) => ({ type: 'talk', option: { text, async: true } })
    const { done } = await startOnCall([say('one'), beep, say('two'), { type: 'sleep', option: { duration: 500 } }])
    await clock.advance(700)
    await done
    expect(call.heard).toEqual(['play one', 'beep', 'cut one', 'play two', 'cut two', 'hangup normal'])
    expect(call.audio.listeners).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('ends at a key only when digits_handle is next', async () => {
    const say = async (handle: string) => {
      const { startOnCall, call, clock } = createWorld()
      await startOnCall([{ type: 'talk', option: { text: 'x', digits_handle: handle } }, beep])
      await clock.advance(300)
      call.audio.press('5')
      await clock.advance(0)
      return call.heard
    }
    expect(await say('next')).toEqual(['play x', 'cut x', 'beep'])
    expect(await say('')).toEqual(['play x'])
  })

  it('goes to the next action when there is nothing to say or nobody to say it', async () => {
    const { runOnCall, speech, warnings, clock, startOnCall, activeflows, customerId } = createWorld()
    expect((await runOnCall([{ type: 'talk' }, { type: 'empty' }])).error).toBe('')
    speech.fail = new UserError('INVALID_ARGUMENT', 'no voice for xx')
    const { activeflowId, done } = await startOnCall([{ type: 'talk', option: { text: 'x' } }, { type: 'empty' }])
    await clock.advance(0)
    await done
    expect((await activeflows.get(customerId, activeflowId)).error).toBe('')
    expect(warnings).toEqual(['option.text is empty; give what to say'])
  })

  it('logs what fails in the background', async () => {
    const { startOnCall, speech, warnings, clock } = createWorld()
    speech.fail = new UserError('INVALID_ARGUMENT', 'no voice for xx')
    await startOnCall([
      { type: 'talk', option: { text: 'x', async: true } },
      { type: 'sleep', option: { duration: 50 } },
    ])
    await clock.advance(10)
    expect(warnings).toEqual(['no voice for xx'])
  })
})

describe('play', () => {
  const urls = ['https://a.example/1.wav', 'http://a.example/2.mp3', 'https://a.example/3.ogg']

  it('plays one after the other and passes over what cannot be played', async () => {
    const { startOnCall, call, clock, warnings } = createWorld()
    call.audio.unplayable.add(urls[1] ?? '')
    const { done } = await startOnCall([{ type: 'play', option: { stream_urls: urls } }, beep])
    await clock.advance(2200)
    await done
    expect(call.heard).toEqual([`play ${urls[0]}`, `play ${urls[2]}`, 'beep', 'hangup normal'])
    expect(warnings).toEqual([`${urls[1]}: not audio`])
  })

  it('is cut short by a hang-up', async () => {
    const { startOnCall, call, clock, activeflows } = createWorld()
    const { activeflowId, done } = await startOnCall([{ type: 'play', option: { stream_urls: urls } }])
    await clock.advance(100)
    call.current = 'hangup'
    await activeflows.callEnded(activeflowId)
    await done
    expect(call.heard).toEqual([`play ${urls[0]}`, `cut ${urls[0]}`])
    expect(clock.pending).toBe(0)
  })
})

describe('the other actions on the sound', () => {
  it('stream_echo sends audio and keys back', async () => {
    const { startOnCall, call, clock } = createWorld()
    const { done } = await startOnCall([{ type: 'stream_echo', option: { duration: 400 } }])
    await clock.advance(100)
    call.audio.press('12')
    await clock.advance(300)
    await done
    call.audio.press('3')
    expect(call.heard).toEqual(['echo 400', 'send 1 100/50', 'send 2 100/50', 'hangup normal'])
  })

  it('digits_send sends, and out of range goes on without sending', async () => {
    const { runOnCall, startOnCall, call, clock } = createWorld()
    const send = (option: object) => ({ type: 'digits_send', option })
    await runOnCall([
      send({ digits: '12a#', duration: 250, interval: 40 }),
      send({ digits: '7' }),
      send({ digits: '' }),
      { type: 'variable_set', option: { key: 'ms', value: '5000' } },
    ])
    expect(call.heard).toEqual(['send 12A# 250/40', 'send 7 100/0', 'hangup normal'])
    call.current = 'progressing'
    await startOnCall([send({ digits: '1', duration: '$'.concat('{ms}') }), send({ digits: '2' })], { ms: '5000' })
    await clock.advance(0)
    expect(call.heard.slice(3)).toEqual(['send 2 100/0', 'hangup normal'])
  })

  it('mute takes a direction, both by default', async () => {
    const { runOnCall, call } = createWorld()
    await runOnCall([{}, { direction: 'in' }, { direction: 'none' }].map((option) => ({ type: 'mute', option })))
    expect(call.heard).toEqual(['mute "both"', 'mute "in"', 'mute ""', 'hangup normal'])
  })

  it.each([
    [{ external_host: '192.0.2.1:5004' }, 'media 192.0.2.1 5004 PCMU in/out'],
    [
      { external_host: 'rtp.example.com:65535', format: 'alaw', direction_listen: 'both', direction_speak: 'none' },
      'media rtp.example.com 65535 PCMA both/none',
    ],
    [{ external_host: '[2001:db8::1]:1', format: 'g722' }, 'media 2001:db8::1 1 G722 in/out'],
    [{ external_host: '192.0.2.1:5004', format: 'slin16', transport: 'udp' }, 'media 192.0.2.1 5004 L16 in/out'],
    [{ external_host: '192.0.2.1:0' }, undefined],
    [{ external_host: '192.0.2.1:65536' }, undefined],
    [{}, undefined],
  ])('external_media_start with %j', async (option, heard) => {
    const { runOnCall, call } = createWorld()
    await runOnCall([{ type: 'external_media_start', option }, { type: 'external_media_stop' }])
    expect(call.heard).toEqual([...(heard ? [heard] : []), 'media stop', 'hangup normal'])
  })

  it('recording_start records in the background and tells what it records', async () => {
    const { runOnCall, call, recordings } = createWorld()
    const onEnd = newUuid()
    const option = { end_of_silence: 3, end_of_key: 'any', duration: 60, beep_start: true, on_end_flow_id: onEnd }
    const { variables, id } = await runOnCall([
      { type: 'recording_start', option },
      { type: 'recording_start', option: { format: 'ogg', end_of_key: 'none' } },
      { type: 'recording_stop' },
    ])
    const asked = { activeflowId: id, format: 'wav', endOfSilence: 3, endOfKey: 'any', duration: 60, beep: true }
    const bare = { format: 'ogg', endOfSilence: 0, endOfKey: '', duration: 0, beep: false, onEndFlowId: nilUuid }
    expect(recordings.asked).toEqual([
      { ...asked, onEndFlowId: onEnd },
      { activeflowId: id, ...bare },
    ])
    expect(recordings.stopped).toEqual([call.id])
    expect(variables).toMatchObject({
      'voipbin.recording.id': recordings.started.id,
      'voipbin.recording.reference_type': 'call',
      'voipbin.recording.reference_id': call.id,
      'voipbin.recording.format': 'wav',
      'voipbin.recording.recording_name': 'call_1',
      'voipbin.recording.filenames': 'call_1_in.wav,call_1_out.wav',
    })
  })

  it('a recording that cannot start does not end the flow', async () => {
    const { runOnCall, recordings } = createWorld()
    recordings.fail = new UserError('STATE_INVALID', 'one runs already')
    const { error, executed_actions } = await runOnCall([{ type: 'recording_start' }, { type: 'empty' }])
    expect(error).toBe('')
    expect(types(executed_actions)).toBe('recording_start empty')
  })
})
