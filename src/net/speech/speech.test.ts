import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.ts'
import type { SpeechRequest } from '../../flow/ports.ts'
import { systemClock } from '../system-clock.ts'
import { never, startLocalServer } from '../web-client.fixture.ts'
import { activeLevel } from './loudness.ts'
import { createSpeech, type Speech, type SpeechOptions } from './speech.ts'
import { decodeWav, encodeWav } from './wav-bytes.ts'

const prompt = 'Welcome to the conference. Please enter your PIN, followed by the pound key.'
const rate = 16_000
/** For the tests that need no cache of their own: a thread takes a while to start. */
const sharedDirectory = mkdtempSync(join(tmpdir(), 'speech-'))

let directory: string
const open: Speech[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'speech-'))
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((speech) => speech.close()))
  rmSync(directory, { recursive: true })
})

function createTestSpeech(more: Partial<SpeechOptions> = {}): Speech {
  const speech = createSpeech({
    setting: 'auto',
    directory,
    clock: systemClock,
    log: silentLog,
    espeak: join(directory, 'none'),
    ...more,
  })
  open.push(speech)
  return speech
}

const request = (text: string, more: Partial<SpeechRequest> = {}): SpeechRequest => ({
  text,
  language: '',
  voiceId: '',
  provider: '',
  ...more,
})

async function pathOf(speech: Speech, asked: SpeechRequest, signal = never): Promise<string> {
  const source = await speech.render(asked, signal)
  if (source.kind !== 'file') throw new Error('not a file')
  return source.path
}

async function samplesOf(speech: Speech, asked: SpeechRequest): Promise<Int16Array> {
  const bytes = readFileSync(await pathOf(speech, asked))
  expect([bytes.readUInt32LE(24), bytes.readUInt16LE(22), bytes.readUInt16LE(34)]).toEqual([rate, 1, 16])
  return decodeWav(bytes, 'the test')
}

const seconds = (pcm: Int16Array): number => pcm.length / rate

/** Seconds of the longest run of samples that are zero. */
function longestZero(pcm: Int16Array): number {
  let [longest, run] = [0, 0]
  for (const sample of pcm) {
    run = sample === 0 ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest / rate
}

/** Median of the fundamental frequency over voiced frames of 40 ms, by autocorrelation. */
function medianPitch(pcm: Int16Array): number {
  const found: number[] = []
  const size = 640
  for (let at = 0; at + size < pcm.length; at += size) {
    const frame = pcm.subarray(at, at + size)
    const product = (lag: number): number => {
      let sum = 0
      for (let index = lag; index < size; index += 1) sum += (frame[index] ?? 0) * (frame[index - lag] ?? 0)
      return sum
    }
    const lags = Array.from({ length: 210 }, (_, index) => index + 40)
    const products = lags.map(product)
    const best = Math.max(...products)
    if (product(0) > size * 800 ** 2 && best > product(0) / 2) found.push(rate / (lags[products.indexOf(best)] ?? 1))
  }
  return found.sort((one, other) => one - other)[found.length >> 1] ?? 0
}

describe('the bundled voice', () => {
  const speech = createSpeech({
    setting: 'auto',
    directory: sharedDirectory,
    clock: systemClock,
    log: silentLog,
    espeak: join(sharedDirectory, 'none'),
  })
  afterAll(async () => {
    await speech.close()
    rmSync(sharedDirectory, { recursive: true })
  })

  it('says a prompt in a plausible time, at the level of speech', async () => {
    const pcm = await samplesOf(speech, request(prompt))
    expect(seconds(pcm)).toBeGreaterThan(3.5)
    expect(seconds(pcm)).toBeLessThan(6)
    expect(activeLevel([pcm])).toBeCloseTo(-20, 0)
    expect(pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeLessThan(32_000)
  })

  it.each(['slt', 'rms', 'awb', 'kal16', 'kal'])('has %s, at the same level', async (voiceId) => {
    const pcm = await samplesOf(speech, request(prompt, { voiceId }))
    expect(activeLevel([pcm])).toBeCloseTo(-20, 0)
    const other = await pathOf(speech, request(prompt, { voiceId: 'en-US-Wavenet-F' }))
    const own = await pathOf(speech, request(prompt, { voiceId }))
    expect(own === other).toBe(voiceId === 'slt')
  })

  it('takes longer for more', async () => {
    const [one, four] = await Promise.all(
      ['one two three', 'one two three '.repeat(4)].map((text) => samplesOf(speech, request(text))),
    )
    const ratio = (four?.length ?? 0) / (one?.length ?? 1)
    expect(ratio).toBeGreaterThan(3)
    expect(ratio).toBeLessThan(5)
  })

  it.each([500, 2000])('is silent for a break of %d ms', async (ms) => {
    const pcm = await samplesOf(speech, request(`<speak>Hello<break time="${ms}ms"/>world</speak>`))
    const [hello, world] = await Promise.all(['Hello', 'world'].map((text) => samplesOf(speech, request(text))))
    expect(longestZero(pcm)).toBeCloseTo(ms / 1000, 1)
    expect(seconds(pcm)).toBeCloseTo((hello ? seconds(hello) : 0) + (world ? seconds(world) : 0) + ms / 1000, 2)
  })

  it('follows rate, pitch and volume', async () => {
    const said = (attributes: string) =>
      samplesOf(speech, request(`<speak><prosody ${attributes}>Welcome to the conference.</prosody></speak>`))
    const plain = await said('rate="100%"')
    expect(seconds(await said('rate="50%"')) / seconds(plain)).toBeCloseTo(2, 0)
    expect(medianPitch(await said('pitch="+50%"')) / medianPitch(plain)).toBeCloseTo(1.5, 1)
    expect(activeLevel([await said('volume="-12dB"')])).toBeCloseTo(-32, 0)
    expect(activeLevel([await said('volume="silent"')])).toBeUndefined()
  })

  it('speaks English only, and says what else there is', async () => {
    for (const language of ['de-DE', 'ko']) {
      const spoken = speech.render(request('Guten Tag', { language }), never)
      await expect(spoken).rejects.toMatchObject({ kind: 'user' })
      await expect(spoken).rejects.toThrow(/espeak-ng is not installed.*PARTYLINE_TTS/)
    }
    await expect(speech.render(request('Привет'), never)).rejects.toThrow('not written in Latin letters')
    expect(seconds(await samplesOf(speech, request('A café, “naïve”…', { language: 'EN-gb' })))).toBeGreaterThan(0.5)
  })
})

describe('a text', () => {
  it.each([
    ['is empty', '  ', '', 'empty'],
    ['is empty SSML', '<speak> </speak>', '', 'empty'],
    ['is too long', 'a'.repeat(5001), '', '5001 characters; 5000 are taken'],
    ['is malformed', '<speak>', '', '<speak> is never closed'],
    ['has no language', 'a', 'english!', 'no language tag'],
  ])('that %s is refused', async (_, text, language, message) => {
    const rendered = createTestSpeech().render(request(text, { language }), never)
    await expect(rendered).rejects.toMatchObject({ kind: 'user', code: 'INVALID_ARGUMENT' })
    await expect(rendered).rejects.toThrow(message)
  })

  it('that would take hours is refused', async () => {
    const text = `<speak>${'<break time="10s"/>'.repeat(61)}</speak>`
    await expect(createTestSpeech().render(request(text), never)).rejects.toThrow('longer than 600 seconds')
  })

  it('without anything to say is short silence', async () => {
    expect(seconds(await samplesOf(createTestSpeech(), request('...')))).toBe(0.02)
  })
})

describe('renderings', () => {
  it('are made once for all who ask, and kept over a restart', async () => {
    const speech = createTestSpeech()
    const paths = await Promise.all(Array.from({ length: 20 }, () => pathOf(speech, request(prompt))))
    expect(new Set(paths).size).toBe(1)
    const written = readFileSync(paths[0] ?? '')
    await speech.close()
    // A mark in the file shows that it was not written again.
    writeFileSync(paths[0] ?? '', Buffer.concat([written, Buffer.from('mark')]))
    expect(await pathOf(createTestSpeech(), request(prompt))).toBe(paths[0])
    expect(
      readFileSync(paths[0] ?? '')
        .subarray(-4)
        .toString(),
    ).toBe('mark')
  })

  it('leave nothing behind when the call hangs up', async () => {
    const speech = createTestSpeech()
    const abort = new AbortController()
    const rendered = speech.render(request(`${prompt} `.repeat(30)), abort.signal)
    const gone = expect(rendered).rejects.toThrow('hung up')
    setImmediate(() => abort.abort(new Error('hung up')))
    await gone
    await samplesOf(speech, request('next'))
    await speech.close()
    expect(readdirSync(directory).filter((name) => name.endsWith('.wav'))).toHaveLength(1)
  })

  it('make room for one another', async () => {
    const speech = createTestSpeech({ maxBytes: 60_000, clock: hasty() })
    for (const text of ['one two three', 'four five six', 'seven eight nine']) {
      const over = new AbortController()
      await pathOf(speech, request(text), over.signal)
      over.abort()
    }
    await speech.close()
    expect(readdirSync(directory).filter((name) => name.endsWith('.wav')).length).toBeLessThan(3)
  })

  it('fail when the server closes, and when too many wait', async () => {
    const speech = createTestSpeech({ mostWaiting: 1 })
    const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => speech.render(request(text), never))
    const settled = Promise.allSettled(many)
    await expect(Promise.all(many)).rejects.toMatchObject({ kind: 'operational', retryable: true })
    await speech.close()
    await expect(speech.render(request('late'), never)).rejects.toMatchObject({ kind: 'operational' })
    expect((await settled).some(({ status }) => status === 'rejected')).toBe(true)
  })
})

/** A clock on which a minute passes at every look. */
function hasty(): typeof systemClock {
  let now = 0
  return {
    ...systemClock,
    now: () => {
      now += 61_000
      return now
    },
  }
}

describe('espeak-ng', () => {
  /** Stands in for the program: lists two voices, and writes a tone as long as its text, with its arguments into a file. */
  function fakeEspeak(): { readonly program: string; readonly calls: () => string[][] } {
    const program = join(directory, 'espeak-fake')
    const log = join(directory, 'espeak-calls')
    const source = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs')
const args = process.argv.slice(2)
if (args[0] === '--voices') {
  console.log('Pty Language Age/Gender VoiceName File Other\\n 5  de  --/M  German  gmw/de\\n 2  en-us  --/M  English  gmw/en-US  (en 3)')
} else {
  const text = readFileSync(0, 'utf8')
  appendFileSync(${JSON.stringify(log)}, JSON.stringify([...args, text]) + '\\n')
  const wav = Buffer.alloc(44 + text.length * 2000)
  for (let at = 44; at < wav.length; at += 2) wav.writeInt16LE(Math.round(9000 * Math.sin(at / 20)), at)
  wav.write('RIFF', 0); wav.writeUInt32LE(0x7ffff024, 4); wav.write('WAVEfmt ', 8); wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20); wav.writeUInt16LE(1, 22); wav.writeUInt32LE(22050, 24); wav.writeUInt32LE(44100, 28)
  wav.writeUInt16LE(2, 32); wav.writeUInt16LE(16, 34); wav.write('data', 36); wav.writeUInt32LE(0x7ffff000, 40)
  process.stdout.write(wav)
}
`
    writeFileSync(program, source)
    chmodSync(program, 0o700)
    const calls = (): string[][] =>
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line): string[] => JSON.parse(line))
    return { program, calls }
  }

  it('says other languages, through stdin and never a shell', async () => {
    const { program, calls } = fakeEspeak()
    const text = '--help; $(touch /tmp/x) [[a'
    const ssml = `<speak><prosody rate="200%" pitch="low">${text}</prosody></speak>`
    const pcm = await samplesOf(createTestSpeech({ espeak: program }), request(ssml, { language: 'de-AT' }))
    const heard = text.replace('[[', '[ [')
    expect(calls()).toEqual([['-v', 'de', '-s', '350', '-p', '43', '-b', '1', '--stdin', '--stdout', heard]])
    expect(seconds(pcm)).toBeCloseTo((heard.length * 1000) / 22_050, 1)
    expect(activeLevel([pcm])).toBeCloseTo(-20, 0)
  })

  it('is asked for English only when the operator wants it', async () => {
    const { program, calls } = fakeEspeak()
    const auto = createTestSpeech({ espeak: program })
    await pathOf(auto, request('hello'))
    expect(calls).toThrow('ENOENT')
    await auto.close()
    await pathOf(createTestSpeech({ espeak: program, setting: 'espeak-ng' }), request('hello'))
    expect(calls()[0]?.slice(0, 2)).toEqual(['-v', 'en-us'])
    await expect(auto.render(request('a', { language: 'tlh' }), never)).rejects.toThrow('espeak-ng has no voice for it')
  })
})

describe('an endpoint', () => {
  const tone = encodeWav(Int16Array.from({ length: rate }, (_, index) => 2000 * Math.sin(index / 5)))

  it('is told the text and answers with audio, which is levelled', async () => {
    await using server = await startLocalServer((_, response) => void response.end(tone))
    const speech = createTestSpeech({ setting: `http://127.0.0.1:${server.port}/say` })
    const text = '<speak>Hallo <break time="1s"/>Welt</speak>'
    const pcm = await samplesOf(speech, request(text, { language: 'de-DE', voiceId: 'anna', provider: 'gcp' }))
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      text: 'Hallo Welt',
      ssml: text,
      language: 'de-DE',
      voice_id: 'anna',
      provider: 'gcp',
    })
    expect(seconds(pcm)).toBe(1)
    expect(activeLevel([pcm])).toBeCloseTo(-20, 0)
    await samplesOf(speech, request(text, { language: 'de-DE', voiceId: 'anna', provider: 'gcp' }))
    expect(server.seen).toHaveLength(1)
  })

  it.each([
    [422, 'no such voice', 'user', 'answered 422 to a text: no such voice'],
    [500, '', 'operational', 'answered 500'],
    [200, 'nonsense', 'operational', 'neither WAV nor MP3 nor Ogg'],
  ])('that answers %d "%s" is a %s error', async (status, body, kind, message) => {
    await using server = await startLocalServer((_, response) => void response.writeHead(status).end(body))
    const rendered = createTestSpeech({ setting: `http://127.0.0.1:${server.port}` }).render(request('a'), never)
    await expect(rendered).rejects.toMatchObject({ kind })
    await expect(rendered).rejects.toThrow(message)
  })
})
