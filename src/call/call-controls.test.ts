// The controls of a call as the API uses them, on an engine that keeps a book of what it was asked.
import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/virtual-clock.ts'
import { UserError } from '../base/errors.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import type { AudioSource } from '../flow/ports.ts'
import type { EngineCommand, EngineNotice, EngineReplies } from '../media/engine.ts'
import type { CallStatus } from '../schema/call.ts'
import type { CallRow } from '../schema/rows.ts'
import { makeOffer } from '../sdp/negotiate.ts'
import type { Command } from '../sip/user-agent-io.ts'
import { CallAudios } from './call-audios.ts'
import { CallControls, type ControlledCall } from './call-controls.ts'
import { CallMedia } from './call-media.ts'
import { address, newCallRow, showCall } from './call-row.ts'

const customer = newUuid()

class Bench {
  readonly clock = new VirtualClock()
  readonly asked: EngineCommand[] = []
  readonly sent: Command[] = []
  readonly written: string[] = []
  readonly over = new AbortController()
  readonly audios: CallAudios
  readonly controls: CallControls
  /** What a rendering waits for. */
  rendering: Promise<void> = Promise.resolve()
  info: ((contentType: string, body: string) => void) | undefined
  status: CallStatus = 'progressing'
  row: CallRow
  readonly call: ControlledCall
  readonly media: CallMedia

  constructor() {
    const at = '2026-01-01 00:00:00.000000'
    const ids = { id: newUuid(), customerId: customer, flowId: nilUuid, activeflowId: nilUuid, sipCallId: '' }
    this.row = newCallRow({
      ...ids,
      direction: 'incoming',
      source: address('sip', 'a'),
      destination: address('sip', 'b'),
      at,
    })
    const engine = { request: this.#request, onNotice: () => () => undefined, close: async () => undefined }
    this.audios = new CallAudios({
      engine,
      now: () => this.clock.now(),
      resolve: async (host) => [host],
      tune: async () => ({ kind: 'file', path: '/tune.wav' }),
      timestamp: () => '2026-01-01 00:00:01.000000',
    })
    const bench = this
    const media = new CallMedia({ engine, legId: this.row.leg_id, publicIp: '192.0.2.1' })
    media.offer()
    this.media = media
    this.call = {
      legId: this.row.leg_id,
      sessionId: 'session',
      media,
      get row() {
        return bench.row
      },
      ended: this.over.signal,
      saved: Promise.resolve(),
      status: () => this.status,
      answer: async () => undefined,
      onInfo: (listener) => {
        this.info = listener
        return () => undefined
      },
      record: {
        write: (set, words) => {
          this.row = { ...this.row, ...set }
          this.written.push(...words)
        },
      },
    }
    this.controls = new CallControls({
      calls: {
        get: async (customerId, id) => {
          if (customerId !== customer || id !== this.row.id) throw new UserError('CALL_NOT_FOUND', 'none')
          return showCall(this.row)
        },
        live: (id) => (id === this.row.id ? this.call : undefined),
      },
      audio: (call) => this.audios.of(call),
      signalling: { command: (command) => void this.sent.push(command) },
      speech: {
        render: async ({ text }): Promise<AudioSource> => {
          await this.rendering
          if (text === 'unspeakable') throw new UserError('INVALID_ARGUMENT', 'no voice')
          return { kind: 'file', path: `/${text}.wav` }
        },
      },
      log: silentLog,
    })
  }

  readonly #request = async <C extends EngineCommand>(command: C): Promise<EngineReplies[C['kind']]> => {
    this.asked.push(command)
    return undefined as EngineReplies[C['kind']]
  }

  /** In which directions the engine mutes the leg now. */
  get muted(): string {
    const last = this.asked.findLast((command) => command.kind === 'mute')
    return `${last?.in === true ? 'in' : ''}${last?.out === true ? 'out' : ''}`
  }

  get plays(): Extract<EngineCommand, { kind: 'play' }>[] {
    return this.asked.filter((command) => command.kind === 'play')
  }

  get played(): string[] {
    return this.plays.map(({ source }) => (source.kind === 'file' ? source.path : source.url))
  }

  /** The play that began last ends. */
  end(reason: Extract<EngineNotice, { kind: 'playEnded' }>['reason'] = 'finished', message = ''): void {
    const playId = this.plays.at(-1)?.playId ?? ''
    this.audios.onNotice({ kind: 'playEnded', playId, reason, message, playedMs: 0, stalls: 0 })
  }
}

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
const settle = (): Promise<void> => bench.clock.advance(0)
const offer = (): string | undefined => {
  const last = bench.sent.at(-1)
  return last?.kind === 'reinvite' ? last.offer : undefined
}

describe('hold', () => {
  it('is offered as sendonly and acts at once, and ends with sendrecv in a newer description', async () => {
    const { controls, row } = bench
    await controls.hold(customer, row.id)
    expect(offer()).toMatch(/^a=sendonly\r$/m)
    expect(offer()).toMatch(/^o=- \d+ 2 /m)
    expect(bench.muted).toBe('inout')
    await controls.hold(customer, row.id)
    expect(offer()).toMatch(/^o=- \d+ 2 /m)
    await controls.unhold(customer, row.id)
    expect(offer()).toMatch(/^a=sendrecv\r$/m)
    expect(offer()).toMatch(/^o=- \d+ 3 /m)
    expect(bench.muted).toBe('')
  })

  it('goes on when the phone offers something else meanwhile', async () => {
    const { controls, row, media } = bench
    await controls.hold(customer, row.id)
    const phone = { address: '198.51.100.7', rtpPort: 4000, sessionId: '1', sessionVersion: 1, ptimeMs: 20 }
    const answered = await media.answer(makeOffer({ ...phone, codecs: ['PCMA'], direction: 'sendrecv' }))
    expect(answered.ok && answered.description).toMatch(/^a=sendonly\r$/m)
    await controls.unhold(customer, row.id)
    expect(offer()).toMatch(/^a=sendrecv\r$/m)
    expect(offer()).toMatch(/^m=audio \d+ RTP\/AVP 8 /m)
  })

  it('leaves a mute as it was', async () => {
    const { controls, row } = bench
    await controls.mute(customer, row.id, 'in')
    await controls.hold(customer, row.id)
    await controls.unhold(customer, row.id)
    expect(bench.muted).toBe('in')
  })
})

describe('mute', () => {
  it('adds and takes away directions, and tells of each change once', async () => {
    const { controls } = bench
    const { id } = bench.row
    const steps: [() => Promise<void>, string][] = [
      [() => controls.mute(customer, id, 'in'), 'in'],
      [() => controls.mute(customer, id, 'in'), 'in'],
      [() => controls.mute(customer, id, 'out'), 'both'],
      [() => controls.unmute(customer, id, 'in'), 'out'],
      [() => controls.unmute(customer, id, 'both'), ''],
    ]
    for (const [step, direction] of steps) {
      await step()
      expect(bench.row.mute_direction).toBe(direction)
    }
    expect(bench.muted).toBe('')
    expect(bench.written).toEqual(['updated', 'updated', 'updated', 'updated'])
  })
})

describe('music on hold', () => {
  it('plays in a loop instead of the mix, once, and ends with it', async () => {
    const { controls, row } = bench
    await controls.startMusic(customer, row.id)
    await controls.startMusic(customer, row.id)
    expect(bench.plays).toMatchObject([{ loop: true, source: { path: '/tune.wav' }, to: { legId: row.leg_id } }])
    expect(bench.muted).toBe('out')
    await controls.stopMusic(customer, row.id)
    expect(bench.asked).toContainEqual({ kind: 'stopPlay', playId: bench.plays[0]?.playId })
    expect(bench.muted).toBe('')
  })

  it('begins anew when the leg has moved, and gives the mix back when it cannot', async () => {
    const { controls, row } = bench
    await controls.startMusic(customer, row.id)
    bench.end('stopped')
    await settle()
    expect(bench.plays).toHaveLength(2)
    expect(bench.muted).toBe('out')
    bench.end('damaged', 'no audio')
    await settle()
    expect(bench.plays).toHaveLength(2)
    expect(bench.muted).toBe('')
  })

  it('is not begun again for a call that is over', async () => {
    await bench.controls.startMusic(customer, bench.row.id)
    bench.over.abort()
    bench.end('stopped')
    await settle()
    expect(bench.plays).toHaveLength(1)
  })
})

describe('silence', () => {
  it('keeps the mix away until it ends, whatever else does', async () => {
    const { controls, row } = bench
    await controls.silence(customer, row.id)
    await controls.startMusic(customer, row.id)
    await controls.stopMusic(customer, row.id)
    expect(bench.muted).toBe('out')
    await controls.unsilence(customer, row.id)
    expect(bench.muted).toBe('')
  })
})

describe('talk', () => {
  const request = (text: string) => ({ text, language: '', voiceId: '', provider: '' })

  it('does not wait, says one text after the other, and passes over what cannot be said', async () => {
    const { controls, row } = bench
    const gate = Promise.withResolvers<void>()
    bench.rendering = gate.promise
    for (const text of ['one', 'unspeakable', 'two']) await controls.talk(customer, row.id, request(text))
    expect(bench.played).toEqual([])
    gate.resolve()
    await settle()
    expect(bench.played).toEqual(['/one.wav'])
    bench.end()
    await settle()
    expect(bench.played).toEqual(['/one.wav', '/two.wav'])
  })

  it('says nothing when there is nothing to say', async () => {
    await bench.controls.talk(customer, bench.row.id, request(' '))
    await settle()
    expect(bench.played).toEqual([])
  })
})

describe('calls that are not up, or not there', () => {
  it.each(['ringing', 'terminating', 'hangup'] as const)('%s: CALL_NOT_PROGRESSING', async (status) => {
    bench.status = status
    await expect(bench.controls.hold(customer, bench.row.id)).rejects.toMatchObject({ code: 'CALL_NOT_PROGRESSING' })
    expect(bench.asked).toEqual([])
  })

  it('are not found under another id or by another customer', async () => {
    const { controls, row } = bench
    await expect(controls.mute(customer, newUuid(), 'in')).rejects.toMatchObject({ code: 'CALL_NOT_FOUND' })
    await expect(controls.mute(newUuid(), row.id, 'in')).rejects.toMatchObject({ code: 'CALL_NOT_FOUND' })
  })
})
