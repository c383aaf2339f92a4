// The built-in phone against itself and its ears against known sounds: what the other tests measure with must be right.
import { afterEach, describe, expect, test } from 'vitest'
import { listen, toneLevel } from '../../demo/phone/ears.ts'
import { decode, encode } from '../../demo/phone/g711.ts'
import { createMetronome } from '../../demo/phone/metronome.ts'
import type { Phone, PhoneOptions } from '../../demo/phone/phone.ts'
import { createRtpReader } from '../../demo/phone/rtp.ts'
import { frameSamples, silence, tone } from '../../demo/phone/sound.ts'
import { readWav, writeWav } from '../../demo/phone/wav.ts'
import { createListener, type Listener } from './listener.ts'

const metronome = createMetronome()
const phones: Phone[] = []

afterEach(() => {
  for (const phone of phones.splice(0)) phone.close()
})

async function listener(options: Partial<PhoneOptions>): Promise<Listener> {
  const made = await createListener({ metronome, ...options })
  phones.push(made.phone)
  return made
}

function concat(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.length * frameSamples)
  frames.forEach((frame, index) => {
    all.set(frame, index * frameSamples)
  })
  return all
}

describe('ears', () => {
  test('measure a full-scale sine at -3 dBov and hear nothing in silence', () => {
    expect(toneLevel(tone(1000, -3.02)(), 1000, 8000)).toBeCloseTo(-3.02, 1)
    expect(toneLevel(silence(), 1000, 8000)).toBe(-127)
  })

  test('tell tones on the 50 Hz grid apart', () => {
    const frame = tone(1000, -10)()
    expect(toneLevel(frame, 1050, 8000)).toBeLessThan(-60)
    expect(toneLevel(frame, 400, 8000)).toBeLessThan(-60)
  })

  test('report a hole of exactly the frames that are missing', () => {
    const source = tone(700)
    const frames = Array.from({ length: 50 }, (_, index) =>
      index >= 20 && index < 25 ? new Int16Array(frameSamples) : source(),
    )
    const [report] = listen(concat(frames), 8000, [700])
    expect(report).toMatchObject({ longestHole: 5, first: 0, last: 49, share: 0.9 })
  })

  test.each(['PCMU', 'PCMA'] as const)('%s keeps every code it can send, and a tone at its level', (codec) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code)
    const known = decode(codec, codes)
    expect(decode(codec, encode(codec, known))).toEqual(known)
    const frame = tone(1000, -20)()
    expect(toneLevel(decode(codec, encode(codec, frame)), 1000, 8000)).toBeCloseTo(-20, 0)
  })

  test('read back the WAV file that was written', () => {
    const samples = Int16Array.from([0, 1, -1, 32767, -32768])
    expect(readWav(writeWav(samples, 8000))).toEqual({ sampleRate: 8000, samples })
  })
})

describe('counting packets', () => {
  /** Feeds sequence numbers; the wire starts at 65533, so that they wrap. */
  function counted(offsets: readonly number[]) {
    const reader = createRtpReader()
    for (const offset of offsets) {
      const packet = Buffer.alloc(172)
      packet[0] = 0x80
      packet.writeUInt16BE((65_533 + offset) & 0xffff, 2)
      reader.read(packet, 0)
    }
    return reader.counters()
  }

  test('finds nothing missing over a wrap and out of order', () => {
    expect(counted([0, 1, 3, 2, 4, 6, 5])).toMatchObject({ received: 7, lost: 0, duplicate: 0 })
  })

  test('tells lost from repeated packets', () => {
    expect(counted([0, 1, 1, 4, 5, 8])).toMatchObject({ received: 5, lost: 4, duplicate: 1 })
  })

  test('ignores what is no RTP of the agreed payload type', () => {
    const reader = createRtpReader()
    expect(reader.read(Buffer.from([0x80, 200, 0, 6]), 0)).toBeUndefined()
    expect(reader.read(Buffer.alloc(172, 0x88), 0)).toBeUndefined()
    expect(reader.counters()).toMatchObject({ received: 0, lost: 0 })
  })
})

describe('phone', () => {
  test.each(['PCMU', 'PCMA'] as const)('two phones hear each other over %s without loss', async (codec) => {
    const callee = await listener({ name: 'callee', codec, autoAnswer: true, source: tone(400) })
    const caller = await listener({ name: 'caller', codec, source: tone(1000) })
    expect(await caller.phone.invite(callee.phone.uri)).toBeGreaterThan(0)
    await callee.phone.answered
    await Promise.all([caller.hear(50), callee.hear(50)])
    await caller.phone.bye()
    expect(await callee.phone.ended).toEqual({ by: 'remote', status: 0 })
    expect(caller.tones([400, 1000])).toMatchObject([{ share: 1, longestHole: 0 }, { share: 0 }])
    expect(callee.tones([400, 1000])).toMatchObject([{ share: 0 }, { share: 1, longestHole: 0 }])
    expect(caller.phone.counters()).toMatchObject({ lost: 0, duplicate: 0 })
  })

  test('goes silent towards the holder while held and talks again when resumed', async () => {
    const callee = await listener({ name: 'callee', autoAnswer: true, source: tone(400) })
    const caller = await listener({ name: 'caller', source: tone(1000) })
    await caller.phone.invite(callee.phone.uri)
    await caller.hear(10)
    await caller.phone.hold(true)
    const held = callee.phone.counters().sent
    await callee.hear(25)
    expect(callee.phone.counters().sent).toBe(held)
    await caller.phone.hold(false)
    await caller.hear(10)
    await callee.phone.bye()
    expect(await caller.phone.ended).toEqual({ by: 'remote', status: 0 })
  })

  test('throws with the status when the far end refuses', async () => {
    const callee = await listener({ name: 'callee' })
    const caller = await listener({ name: 'caller' })
    await expect(caller.phone.invite(callee.phone.uri)).rejects.toThrow('486')
  })
})
