// A call's audio on an engine whose replies and notices the test decides.
import { beforeEach, describe, expect, it } from 'vitest'
import { OperationalError, UserError } from '../base/errors.ts'
import type { EngineCommand, EngineNotice, EngineReplies } from '../media/engine.ts'
import { type AudibleLeg, LegAudio, legOf } from './call-audio.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const file = { kind: 'file', path: '/prompt.wav' } as const
const timing = { durationMs: 100, intervalMs: 50 }

class Bench {
  readonly asked: EngineCommand[] = []
  readonly over = new AbortController()
  /** Set: the engine answers by it. */
  reply: (command: EngineCommand) => Promise<unknown> = async () => undefined
  answered: Promise<void> = Promise.resolve()
  now = 0
  readonly audio: LegAudio<AudibleLeg>

  constructor() {
    const leg = { legId: 'leg', ended: this.over.signal, answer: () => this.answered }
    this.audio = new LegAudio(leg, {
      engine: {
        request: async <C extends EngineCommand>(command: C) => {
          this.asked.push(command)
          return (await this.reply(command)) as EngineReplies[C['kind']]
        },
      },
      now: () => this.now,
      resolve: async (host) => (host === 'nowhere' ? [] : ['2001:db8::1', '192.0.2.7']),
      tune: async () => file,
    })
  }

  get playId(): string {
    const play = this.asked.find((command) => command.kind === 'play')
    return play?.playId ?? ''
  }

  end(reason: Extract<EngineNotice, { kind: 'playEnded' }>['reason'], message = ''): void {
    const notice = { kind: 'playEnded', playId: this.playId, reason, message, playedMs: 0, stalls: 0 } as const
    expect(legOf(notice)).toBe('leg')
    this.audio.onNotice(notice)
  }
}

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
const never = new AbortController().signal

describe('a play', () => {
  it('resolves when the file has ended, not before', async () => {
    let done = false
    const playing = bench.audio.play(file, never).then(() => {
      done = true
    })
    await settle()
    expect(bench.asked).toMatchObject([{ kind: 'play', source: file, to: { legId: 'leg' }, loop: false }])
    expect(done).toBe(false)
    bench.end('finished')
    await playing
  })

  it.each(['not_found', 'unsupported', 'damaged', 'unreachable'] as const)(
    'rejects with the reason: %s',
    async (reason) => {
      const playing = bench.audio.play(file, never)
      await settle()
      bench.end(reason, 'why')
      await expect(playing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'why', details: [{ reason }] })
    },
  )

  it('rejects with what the engine refused it for', async () => {
    bench.reply = async () => {
      throw new UserError('INVALID_ARGUMENT', 'There is no such file.')
    }
    await expect(bench.audio.play(file, never)).rejects.toThrow('There is no such file.')
  })

  it('is an operational failure when the engine failed', async () => {
    const playing = bench.audio.play(file, never)
    await settle()
    bench.end('engine_failed', 'died')
    await expect(playing).rejects.toBeInstanceOf(OperationalError)
  })

  it('is stopped and resolves at once when it is aborted', async () => {
    const abort = new AbortController()
    const playing = bench.audio.play(file, abort.signal)
    await settle()
    abort.abort()
    await playing
    expect(bench.asked.at(-1)).toEqual({ kind: 'stopPlay', playId: bench.playId })
  })

  it('is stopped once the engine knows it when the abort came first', async () => {
    const abort = new AbortController()
    const starting = Promise.withResolvers<void>()
    bench.reply = (command) => (command.kind === 'play' ? starting.promise : Promise.reject(new Error('unknown')))
    const playing = bench.audio.play(file, abort.signal)
    await settle()
    abort.abort()
    starting.resolve()
    await playing
    expect(bench.asked.filter(({ kind }) => kind === 'stopPlay')).toHaveLength(2)
  })

  it('rejects when the call ends, and before it begins on a call that is over', async () => {
    const playing = bench.audio.play(file, never)
    await settle()
    bench.over.abort()
    await expect(playing).rejects.toMatchObject({ code: 'CALL_ALREADY_HANGUP' })
    await expect(bench.audio.play(file, never)).rejects.toMatchObject({ code: 'CALL_ALREADY_HANGUP' })
    expect(bench.asked).toHaveLength(1)
  })

  it('answers the call first', async () => {
    const answer = Promise.withResolvers<void>()
    bench.answered = answer.promise
    const playing = bench.audio.play(file, never)
    await settle()
    expect(bench.asked).toEqual([])
    answer.reject(new UserError('CALL_ALREADY_HANGUP', 'gone'))
    await expect(playing).rejects.toThrow('gone')
  })
})

describe('keys', () => {
  it('are told to every listener in order, once for a press that comes by INFO too', () => {
    const heard: string[] = []
    const forget = bench.audio.onDigit((digit) => heard.push(`a${digit}`))
    bench.audio.onDigit((digit) => heard.push(`b${digit}`))
    bench.audio.onInfo('application/dtmf-relay', 'Signal=5\r\nDuration=160')
    bench.now = 170
    bench.audio.onNotice({ kind: 'digit', legId: 'leg', digit: '5', durationMs: 160 })
    bench.audio.onInfo('text/plain', '5')
    forget()
    bench.audio.onNotice({ kind: 'digit', legId: 'leg', digit: '#', durationMs: 100 })
    expect(heard).toEqual(['a5', 'b5', 'b#'])
  })

  it('go out one request after the other', async () => {
    const first = Promise.withResolvers<void>()
    bench.reply = () => first.promise
    const sending = [bench.audio.sendDigits('1', timing, never), bench.audio.sendDigits('2', timing, never)]
    await settle()
    expect(bench.asked).toEqual([{ kind: 'sendDigits', legId: 'leg', digits: '1', ...timing }])
    first.resolve()
    await Promise.all(sending)
    expect(bench.asked).toHaveLength(2)
  })

  it('stop when they are aborted', async () => {
    const abort = new AbortController()
    const sent = Promise.withResolvers<void>()
    bench.reply = async (command) => {
      if (command.kind === 'sendDigits' && command.digits === '') sent.resolve()
      else await sent.promise
    }
    const sending = bench.audio.sendDigits('123', timing, abort.signal)
    await settle()
    abort.abort()
    await sending
  })
})

describe('talking', () => {
  it('is told until nobody wants to know', () => {
    const told: boolean[] = []
    const forget = bench.audio.onTalking((talking) => told.push(talking))
    bench.audio.onNotice({ kind: 'talking', legId: 'leg', talking: true })
    bench.audio.onNotice({ kind: 'talking', legId: 'leg', talking: false })
    forget()
    bench.audio.onNotice({ kind: 'talking', legId: 'leg', talking: true })
    expect(told).toEqual([true, false])
  })
})

describe('external media', () => {
  it('goes to the first IPv4 address of the host', async () => {
    await bench.audio.startExternalMedia({ host: 'peer.example', port: 5004, codec: 'PCMU', listen: 'both' })
    await bench.audio.stopExternalMedia()
    expect(bench.asked).toEqual([
      { kind: 'tapStart', legId: 'leg', to: { address: '192.0.2.7', port: 5004 }, codec: 'PCMU', listen: 'both' },
      { kind: 'tapStop', legId: 'leg' },
    ])
  })

  it('is refused for a host without an address', async () => {
    const start = bench.audio.startExternalMedia({ host: 'nowhere', port: 5004, codec: 'PCMU' })
    await expect(start).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
