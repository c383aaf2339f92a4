import { describe, expect, it } from 'vitest'
import type { MediaPlan } from './media-plan.ts'
import { type AnswerInput, answerOffer, makeOffer, readAnswer } from './negotiate.ts'
import { offeredCodecs } from './payload-formats.ts'

const local = { address: '192.0.2.10', rtpPort: 20_000 }
const session = { sessionId: '98765432109876543210', sessionVersion: 1 }

const offer = (...lines: string[]): string =>
  ['v=0', 'o=alice 1 1 IN IP4 198.51.100.1', 's=-', 'c=IN IP4 198.51.100.1', 't=0 0', ...lines, ''].join('\r\n')

const answer = (text: string, more: Partial<AnswerInput> = {}) =>
  answerOffer({ offer: text, local, ...session, ...more })

function accepted(text: string, more: Partial<AnswerInput> = {}): { lines: string[]; plan: MediaPlan } {
  const result = answer(text, more)
  if (!result.ok) throw new Error(result.reason)
  return { lines: result.answer.split('\r\n'), plan: result.plan }
}

describe('an offer of ours', () => {
  const text = makeOffer({ ...local, ...session, direction: 'sendrecv', codecs: ['PCMU', 'PCMA'], ptimeMs: 20 })

  it('names both codecs and the events, with identifiers longer than a number holds', () => {
    expect(text.split('\r\n')).toEqual([
      'v=0',
      'o=- 98765432109876543210 1 IN IP4 192.0.2.10',
      's=-',
      'c=IN IP4 192.0.2.10',
      't=0 0',
      'm=audio 20000 RTP/AVP 0 8 101',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-16',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ])
  })

  it('is answered by ourselves', () => {
    const reply = answer(text, { local: { address: '192.0.2.20', rtpPort: 30_000 } })
    expect(reply.ok && readAnswer({ offer: text, answer: reply.answer })).toEqual({
      ok: true,
      plan: {
        codec: 'PCMU',
        sendPayloadType: 0,
        receivePayloadType: 0,
        sendEventPayloadType: 101,
        receiveEventPayloadType: 101,
        ptimeMs: 20,
        remote: { address: '192.0.2.20', rtpPort: 30_000, rtcpPort: 30_001 },
        direction: 'sendrecv',
      },
    })
  })

  it('states an RTCP port that is not the next one, and IPv6', () => {
    const other = makeOffer({
      ...session,
      address: '2001:db8::1',
      rtpPort: 4000,
      rtcpPort: 4005,
      direction: 'inactive',
      codecs: ['PCMA'],
      ptimeMs: 30,
    })
    expect(other).toContain('c=IN IP6 2001:db8::1\r\n')
    expect(other).toContain('a=rtcp:4005\r\n')
    expect(other).toContain('m=audio 4000 RTP/AVP 8 101\r\n')
    expect(other).toContain('a=ptime:30\r\na=inactive\r\n')
  })
})

describe('answering', () => {
  it('honours the order of the offer, static payload types without rtpmap included', () => {
    expect(accepted(offer('m=audio 5004 RTP/AVP 18 8 0')).plan).toMatchObject({ codec: 'PCMA', sendPayloadType: 8 })
    expect(accepted(offer('m=audio 5004 RTP/AVP 0 8')).plan.codec).toBe('PCMU')
    expect(accepted(offer('m=audio 5004 RTP/AVP 0 8'), { codecs: ['PCMA'] }).plan.codec).toBe('PCMA')
  })

  it('follows rtpmap, whatever the number and the case', () => {
    const { plan, lines } = accepted(
      offer('m=audio 5004 RTP/AVP 0 97', 'a=rtpmap:0 G729/8000', 'a=rtpmap:97 pcma/8000/1'),
    )
    expect(plan).toMatchObject({ codec: 'PCMA', sendPayloadType: 97, receivePayloadType: 97 })
    expect(lines).toContain('m=audio 20000 RTP/AVP 97')
  })

  it('takes no codec at another clock rate or with two channels', () => {
    expect(answer(offer('m=audio 5004 RTP/AVP 97 98', 'a=rtpmap:97 PCMU/16000', 'a=rtpmap:98 PCMU/8000/2'))).toEqual({
      ok: false,
      status: 488,
      reason: 'no-codec',
    })
  })

  it('answers every m-line in its place and rejects all but one audio stream', () => {
    const { lines } = accepted(
      offer(
        'm=video 5000 RTP/AVP 31',
        'm=audio 5002/2 RTP/AVP 0',
        'm=audio 5006 RTP/AVP 8',
        'm=application 9 UDP/BFCP *',
        'm=x 7 odd-proto 1 2',
      ),
    )
    expect(lines.filter((line) => line.startsWith('m='))).toEqual([
      'm=video 0 RTP/AVP 31',
      'm=audio 20000 RTP/AVP 0',
      'm=audio 0 RTP/AVP 8',
      'm=application 0 UDP/BFCP *',
      'm=x 0 odd-proto 1 2',
    ])
  })

  it('passes over audio that it cannot use', () => {
    const { plan } = accepted(
      offer('m=audio 5000 RTP/SAVP 0', 'm=audio 0 RTP/AVP 0', 'm=audio 5004 RTP/AVP 18', 'm=audio 5006 RTP/AVP 8'),
    )
    expect(plan.remote.rtpPort).toBe(5006)
  })

  it.each([
    ['secure-profile', 'm=audio 5000 RTP/SAVP 0'],
    ['secure-profile', 'm=audio 5000 UDP/TLS/RTP/SAVPF 0'],
    ['unknown-profile', 'm=audio 5000 TCP/RTP/AVP 0'],
    ['no-port', 'm=audio 0 RTP/AVP 0'],
    ['no-codec', 'm=audio 5000 RTP/AVP 18'],
    ['no-audio', 'm=video 5000 RTP/AVP 31'],
  ])('refuses with 488: %s', (reason, line) => {
    expect(answer(offer(line))).toEqual({ ok: false, status: 488, reason })
  })

  it.each(['IP4 224.2.36.42/127', 'IP4 phone.example.com', 'IP4 300.1.1.1', 'IP6 ff02::1'])(
    'refuses the address %s',
    (address) => {
      expect(answer(offer('m=audio 5000 RTP/AVP 0', `c=IN ${address}`))).toEqual({
        ok: false,
        status: 488,
        reason: 'unusable-address',
      })
    },
  )

  it('refuses with 400 what is no description', () => {
    expect(answer('hello')).toEqual({ ok: false, status: 400, reason: 'bad-version' })
    expect(answer(offer('m=audio 70000 RTP/AVP 0'))).toEqual({ ok: false, status: 400, reason: 'bad-media' })
    expect(answer(offer('m =audio 5000 RTP/AVP 0'))).toEqual({ ok: false, status: 400, reason: 'bad-line' })
  })

  it('takes the media’s own c= before the session’s, IPv6 too, and a=rtcp', () => {
    const { plan } = accepted(offer('m=audio 5004 RTP/AVP 0', 'c=IN IP6 2001:db8::9', 'a=rtcp:6001 IN IP6 2001:db8::9'))
    expect(plan.remote).toEqual({ address: '2001:db8::9', rtpPort: 5004, rtcpPort: 6001 })
  })

  it('does not agree to rtcp-mux, ICE or feedback, which it does not do', () => {
    const { lines } = accepted(offer('m=audio 5004 RTP/AVPF 0', 'a=rtcp-mux', 'a=ice-ufrag:x', 'a=rtcp-fb:* nack'))
    expect(lines).toContain('m=audio 20000 RTP/AVPF 0')
    expect(lines.join()).not.toMatch(/rtcp-mux|ice-|rtcp-fb/)
  })

  it('agrees on the events that both know', () => {
    const event = (events: string[]) =>
      accepted(offer('m=audio 5004 RTP/AVP 0 96', 'a=rtpmap:96 telephone-event/8000', ...events))
    expect(event(['a=fmtp:96 0-15']).lines).toContain('a=fmtp:96 0-15')
    expect(event([]).lines).toContain('a=fmtp:96 0-15')
    expect(event(['a=fmtp:96 0-16']).lines).toContain('a=fmtp:96 0-16')
    expect(event([]).plan).toMatchObject({ sendEventPayloadType: 96, receiveEventPayloadType: 96 })
  })

  it('leaves out events at another clock rate than the codec’s', () => {
    const { plan, lines } = accepted(offer('m=audio 5004 RTP/AVP 0 96', 'a=rtpmap:96 telephone-event/48000'))
    expect(plan.sendEventPayloadType).toBeUndefined()
    expect(lines).toContain('m=audio 20000 RTP/AVP 0')
  })

  it.each([
    [20, []],
    [30, ['a=ptime:30']],
    [20, ['a=ptime:25']],
    [60, ['a=ptime:200']],
    [10, ['a=ptime:5']],
    [10, ['a=ptime:20', 'a=maxptime:10']],
    [20, ['a=ptime:zero']],
    [20, ['a=ptime:0']],
  ])('sends packets of %i ms for %j', (ptimeMs, attributes) => {
    expect(accepted(offer('m=audio 5004 RTP/AVP 0', ...attributes)).plan.ptimeMs).toBe(ptimeMs)
  })

  it('repeats the offer’s t= line', () => {
    expect(accepted(offer('m=audio 5004 RTP/AVP 0').replace('t=0 0', 't=3149328700 0')).lines).toContain(
      't=3149328700 0',
    )
  })
})

describe('direction', () => {
  it.each([
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ])('answers %s with %s', (theirs, ours) => {
    const { plan, lines } = accepted(offer('m=audio 5004 RTP/AVP 0', `a=${theirs}`))
    expect(plan.direction).toBe(ours)
    expect(lines).toContain(`a=${ours}`)
  })

  it('takes the session’s where the media says nothing, and the media’s where it does', () => {
    const sessionLevel = offer('m=audio 5004 RTP/AVP 0').replace('t=0 0', 't=0 0\r\na=sendonly')
    expect(accepted(sessionLevel).plan.direction).toBe('recvonly')
    expect(accepted(`${sessionLevel}a=sendrecv\r\n`).plan.direction).toBe('sendrecv')
  })

  it('knows the older hold by an unspecified address', () => {
    expect(accepted(offer('m=audio 5004 RTP/AVP 0', 'c=IN IP4 0.0.0.0')).plan.direction).toBe('recvonly')
    expect(accepted(offer('m=audio 5004 RTP/AVP 0', 'c=IN IP6 ::', 'a=recvonly')).plan.direction).toBe('inactive')
  })

  it('gives no more than we want', () => {
    expect(accepted(offer('m=audio 5004 RTP/AVP 0'), { wantedDirection: 'sendonly' }).plan.direction).toBe('sendonly')
    expect(
      accepted(offer('m=audio 5004 RTP/AVP 0', 'a=sendonly'), { wantedDirection: 'sendonly' }).plan.direction,
    ).toBe('inactive')
  })
})

describe('reading an answer', () => {
  const ours = makeOffer({ ...local, ...session, direction: 'sendrecv', codecs: ['PCMU', 'PCMA'], ptimeMs: 20 })

  it('sends with the answer’s payload types and receives with ours', () => {
    const theirs = offer('m=audio 7000 RTP/AVP 97 98', 'a=rtpmap:97 PCMA/8000', 'a=rtpmap:98 telephone-event/8000')
    expect(readAnswer({ offer: ours, answer: theirs })).toMatchObject({
      ok: true,
      plan: {
        codec: 'PCMA',
        sendPayloadType: 97,
        receivePayloadType: 8,
        sendEventPayloadType: 98,
        receiveEventPayloadType: 101,
      },
    })
  })

  it('sees hold from our side', () => {
    const held = readAnswer({ offer: ours, answer: offer('m=audio 7000 RTP/AVP 0', 'a=recvonly') })
    expect(held.ok && held.plan.direction).toBe('sendonly')
  })

  it.each([
    ['rejected', 'm=audio 0 RTP/AVP 0'],
    ['no-codec', 'm=audio 7000 RTP/AVP 9'],
    ['secure-profile', 'm=audio 7000 RTP/SAVP 0'],
  ])('says why it cannot: %s', (reason, line) => {
    expect(readAnswer({ offer: ours, answer: offer(line) })).toEqual({ ok: false, reason })
  })

  it('wants as many streams as it offered, and a description', () => {
    expect(readAnswer({ offer: ours, answer: offer() })).toEqual({ ok: false, reason: 'media-count' })
    expect(readAnswer({ offer: ours, answer: '' })).toEqual({ ok: false, reason: 'bad-version' })
    expect(readAnswer({ offer: '', answer: ours })).toEqual({ ok: false, reason: 'offer-bad-version' })
  })
})

describe('wide codecs', () => {
  const browser = [
    'm=audio 5004 RTP/AVP 111 9 0 110 101',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1;maxplaybackrate=16000',
    'a=rtpmap:110 telephone-event/48000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
  ]

  it('are offered best first, with events at both of their clocks', () => {
    const text = makeOffer({ ...local, ...session, direction: 'sendrecv', codecs: offeredCodecs, ptimeMs: 20 })
    expect(text.split('\r\n').filter((line) => /^(m=|a=(rtpmap|fmtp))/.test(line))).toEqual([
      'm=audio 20000 RTP/AVP 111 9 0 8 101 102',
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1',
      'a=rtpmap:9 G722/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-16',
      'a=rtpmap:102 telephone-event/48000',
      'a=fmtp:102 0-16',
    ])
    const full = makeOffer({
      ...local,
      ...session,
      direction: 'sendrecv',
      codecs: ['opus'],
      ptimeMs: 20,
      opusRate: 48_000,
    })
    expect(full).toContain('a=fmtp:111 useinbandfec=1\r\n')
  })

  it('answers Opus with what we want, and plans what the far end wants', () => {
    const { lines, plan } = accepted(offer(...browser))
    expect(lines).toContain('m=audio 20000 RTP/AVP 111 110')
    expect(lines).toContain('a=rtpmap:111 opus/48000/2')
    expect(lines).toContain('a=fmtp:111 maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1')
    expect(plan).toMatchObject({
      codec: 'opus',
      sendPayloadType: 111,
      receiveEventPayloadType: 110,
      sendParameters: 'minptime=10;useinbandfec=1;maxplaybackrate=16000',
    })
  })

  it('honours the order of the offer, and what a deployment allows', () => {
    expect(accepted(offer('m=audio 5004 RTP/AVP 9 0')).plan).toMatchObject({ codec: 'G722', sendPayloadType: 9 })
    expect(accepted(offer(...browser), { codecs: ['PCMU', 'G722'] }).plan.codec).toBe('G722')
    expect(accepted(offer(...browser), { codecs: ['PCMU'] }).plan).toMatchObject({
      codec: 'PCMU',
      sendEventPayloadType: 101,
    })
  })

  it('takes linear samples at the rate that the rtpmap names, one channel', () => {
    const lines = [
      'm=audio 5004 RTP/AVP 96 97 98',
      'a=rtpmap:96 L16/44100',
      'a=rtpmap:97 L16/16000/2',
      'a=rtpmap:98 L16/16000',
    ]
    expect(accepted(offer(...lines)).plan).toMatchObject({ codec: 'L16', sampleRate: 16_000, sendPayloadType: 98 })
    const ours = makeOffer({ ...local, ...session, direction: 'sendrecv', codecs: ['L16'], ptimeMs: 20 })
    expect(ours).toContain('m=audio 20000 RTP/AVP 114 113 112 101 102\r\n')
    const reply = answer(offer('m=audio 5004 RTP/AVP 112', 'a=rtpmap:112 L16/8000'))
    expect(reply.ok && readAnswer({ offer: ours, answer: reply.answer })).toMatchObject({
      ok: true,
      plan: { codec: 'L16', sampleRate: 8000 },
    })
  })

  it('wants two channels in the rtpmap of Opus, as its payload format does', () => {
    expect(answer(offer('m=audio 5004 RTP/AVP 96', 'a=rtpmap:96 opus/48000'))).toMatchObject({ reason: 'no-codec' })
  })

  it('reads an answer in Opus, with its parameters', () => {
    const ours = makeOffer({ ...local, ...session, direction: 'sendrecv', codecs: offeredCodecs, ptimeMs: 20 })
    const theirs = offer(
      'm=audio 6000 RTP/AVP 111 102',
      'a=rtpmap:111 OPUS/48000/2',
      'a=fmtp:111 useinbandfec=0',
      'a=rtpmap:102 telephone-event/48000',
      'a=ptime:40',
    )
    expect(readAnswer({ offer: ours, answer: theirs })).toMatchObject({
      ok: true,
      plan: { codec: 'opus', sendParameters: 'useinbandfec=0', ptimeMs: 40, sendEventPayloadType: 102 },
    })
  })
})
