// Keys of one call: made here, kept while their suite is in use, never used again after another.
import { describe, expect, it } from 'vitest'
import type { EngineCommand, MediaEngine } from '../media/engine.ts'
import type { MediaPlan } from '../sdp/media-plan.ts'
import { answerOffer } from '../sdp/negotiate.ts'
import { CallMedia } from './call-media.ts'

async function opened(secure: boolean) {
  const plans: MediaPlan[] = []
  const handle = (command: EngineCommand): unknown => {
    if (command.kind === 'configureLeg') plans.push(command.plan)
    return command.kind === 'openLeg' ? { address: '192.0.2.1', rtpPort: 20_000, rtcpPort: 20_001 } : undefined
  }
  const engine = {
    request: async (command: EngineCommand) => handle(command),
    onNotice: () => () => undefined,
    close: async () => undefined,
  } as MediaEngine
  const media = new CallMedia({ engine, legId: 'leg', publicIp: '192.0.2.1', secure })
  await media.open()
  return { media, plans }
}

const inline = (octet: number, length = 30): string => Buffer.alloc(length, octet).toString('base64')
const offer = (version: number, ...crypto: string[]): string =>
  [
    'v=0',
    `o=phone 1 ${version} IN IP4 198.51.100.1`,
    's=-',
    'c=IN IP4 198.51.100.1',
    't=0 0',
    'm=audio 5004 RTP/SAVP 0',
    ...crypto.map((value) => `a=crypto:${value}`),
    '',
  ].join('\r\n')
const sha80 = (octet: number): string => `1 AES_CM_128_HMAC_SHA1_80 inline:${inline(octet)}`
const gcm = `3 AEAD_AES_128_GCM inline:${inline(9, 28)}`

const keyIn = (text: string): string | undefined => /a=crypto:\d+ \S+ (inline:\S+)/.exec(text)?.[1]

describe('the media of a call', () => {
  it('keeps its key over offers of the same suite, whatever the far end does with its own', async () => {
    const { media, plans } = await opened(false)
    const first = await media.answer(offer(1, sha80(1)))
    const second = await media.answer(offer(2, sha80(2)))
    if (!first.ok || !second.ok) throw new Error('refused')
    expect(keyIn(first.description)).toBeDefined()
    expect(second.description).toBe(first.description)
    expect(plans[1]?.srtp?.sendKey).toEqual(plans[0]?.srtp?.sendKey)
    expect(plans.map((plan) => plan.srtp?.receiveKey[0])).toEqual([1, 2])
  })

  it('answers with the key that it acts on', async () => {
    const { media, plans } = await opened(false)
    const answered = await media.answer(offer(1, sha80(1)))
    const { sendKey = [], sendSalt = [] } = plans[0]?.srtp ?? {}
    const stated = `inline:${Buffer.from([...sendKey, ...sendSalt]).toString('base64')}`
    expect(answered.ok && keyIn(answered.description)).toBe(stated)
  })

  it('never goes back to a key after another suite was in use', async () => {
    const { media } = await opened(false)
    const answers = [
      await media.answer(offer(1, sha80(1))),
      await media.answer(offer(2, gcm)),
      await media.answer(offer(3, sha80(1))),
    ]
    expect(new Set(answers.map((answered) => answered.ok && keyIn(answered.description))).size).toBe(3)
  })

  it('offers one key for each suite when it is to be secured, and acts on the one that was chosen', async () => {
    const { media, plans } = await opened(true)
    const ours = media.offer()
    expect(ours).toContain('RTP/SAVP')
    expect(new Set(ours.match(/inline:\S+/g)).size).toBe(3)
    const reply = answerOffer({
      offer: ours,
      local: { address: '198.51.100.1', rtpPort: 5004 },
      sessionId: '1',
      sessionVersion: 1,
      localCrypto: (suite, tag) => ({ tag, suite, masterKey: Buffer.alloc(16, 5), masterSalt: Buffer.alloc(12, 5) }),
    })
    expect(reply.ok && (await media.accept(reply.answer))).toBe(true)
    expect(Buffer.from(plans[0]?.srtp?.sendKey ?? []).toString('hex')).toBe(
      Buffer.from(reply.ok ? (reply.plan.srtp?.receiveKey ?? []) : []).toString('hex'),
    )
    expect(plans[0]?.srtp?.suite).toBe('AEAD_AES_128_GCM')
  })

  it('takes no plain answer to a secured offer', async () => {
    const { media, plans } = await opened(true)
    media.offer()
    const plain = offer(1).replace('RTP/SAVP', 'RTP/AVP')
    expect(await media.accept(plain)).toBe(false)
    expect(plans).toEqual([])
  })
})
