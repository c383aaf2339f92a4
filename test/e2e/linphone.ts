// linphone's command line as an independent real phone: headless, with a tone of its own instead of a microphone, its ears recorded to a
// WAV file and its standard input as the keyboard.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tone } from '../../demo/phone/sound.ts'
import { type Recording, readWav, writeWav } from '../../demo/phone/wav.ts'
import type { Login } from './baresip.ts'
import { Child } from './child.ts'
import type { Room } from './room.ts'
import { eventually } from './tools.ts'

export interface LinphoneOptions {
  readonly name: string
  readonly room: Room
  /** It listens here by its one transport. */
  readonly sipPort: number
  /** Its own tone in Hz. */
  readonly frequency: number
  readonly transport: 'udp' | 'tcp' | 'tls'
  readonly autoAnswer?: boolean
  /** PEM file of the authority that the server's certificate comes from; for `tls`, which goes with SRTP. */
  readonly authority?: string
  /** Registers as an extension of the server, and calls as such. */
  readonly login?: Login
}

/** Longest call that it has sound for, s. */
const soundSeconds = 60
const sampleRate = 8000

function sound(frequency: number): Uint8Array {
  const source = tone(frequency)
  const frames = Array.from({ length: soundSeconds * 50 }, () => Int16Array.from(source()))
  const samples = new Int16Array(soundSeconds * sampleRate)
  frames.forEach((frame, index) => {
    samples.set(frame, index * frame.length)
  })
  return writeWav(samples, sampleRate)
}

function configuration({ name, room, sipPort, transport, authority, login }: LinphoneOptions): string {
  const port = (which: LinphoneOptions['transport']): number => (which === transport ? sipPort : 0)
  const lines = [
    '[sip]',
    `sip_port=${port('udp')}`,
    `sip_tcp_port=${port('tcp')}`,
    `sip_tls_port=${port('tls')}`,
    `contact="${name}" <sip:${name}@${room.address}>`,
    'guess_hostname=0',
    'use_ipv6=0',
    `media_encryption=${transport === 'tls' ? 'srtp' : 'none'}`,
    ...(authority === undefined ? [] : [`root_ca=${authority}`]),
    ...(login === undefined ? [] : ['default_proxy=0']),
    '[rtp]',
    `audio_rtp_port=${40_000 + (sipPort % 1000) * 2}`,
    '[video]',
    'enabled=0',
    '[audio_codec_0]',
    'mime=PCMU',
    'rate=8000',
    'channels=1',
    'enabled=1',
    ...['opus', 'speex', 'PCMA', 'G722', 'GSM', 'G729'].flatMap((mime, index) => [
      `[audio_codec_${index + 1}]`,
      `mime=${mime}`,
      `rate=${mime === 'opus' ? 48_000 : 8000}`,
      `channels=${mime === 'opus' ? 2 : 1}`,
      'enabled=0',
    ]),
  ]
  if (login !== undefined) {
    const { extension, password, domain, server } = login
    lines.push(
      '[auth_info_0]',
      `username=${extension}`,
      `passwd=${password}`,
      `domain=${domain}`,
      '[proxy_0]',
      `reg_proxy=<sip:${room.address}:${server.port};transport=${server.transport}>`,
      `reg_route=<sip:${room.address}:${server.port};transport=${server.transport};lr>`,
      `reg_identity=sip:${extension}@${domain}`,
      'reg_expires=600',
      'reg_sendregister=1',
      'publish=0',
    )
  }
  return `${lines.join('\n')}\n`
}

export class Linphone {
  readonly uri: string
  readonly #child: Child
  readonly #folder: string
  readonly #heard: string

  private constructor(options: LinphoneOptions) {
    const { name, room, sipPort, transport, autoAnswer = false } = options
    this.#folder = mkdtempSync(join(tmpdir(), `partyline-${name}-`))
    this.#heard = join(this.#folder, 'heard.wav')
    this.uri = `sip:${name}@${room.address}:${sipPort};transport=${transport}`
    // Without the folder of its database it starts and does nothing.
    mkdirSync(join(this.#folder, '.local', 'share', 'linphone'), { recursive: true })
    writeFileSync(join(this.#folder, 'rc'), configuration(options))
    writeFileSync(join(this.#folder, 'tone.wav'), sound(options.frequency))
    const answering = autoAnswer ? ['-a'] : []
    this.#child = new Child(room.command('stdbuf', '-oL', 'linphonec', '-c', join(this.#folder, 'rc'), ...answering), {
      cwd: this.#folder,
      env: { HOME: this.#folder },
    })
  }

  /** Resolves when it listens, and is registered if it is to be. */
  static async start(options: LinphoneOptions): Promise<Linphone> {
    const phone = new Linphone(options)
    await phone.#begin(options).catch(async (error: unknown) => {
      await phone.close()
      throw error
    })
    return phone
  }

  async #begin({ login }: LinphoneOptions): Promise<void> {
    await this.#child.until(/linphonec> /)
    this.#write('soundcard use files')
    await this.#child.until(/Using wav files/)
    this.#write(`play ${join(this.#folder, 'tone.wav')}`)
    this.#write(`record ${this.#heard}`)
    if (login !== undefined) await this.#polled('status register', /registered, identity=/)
  }

  get output(): string {
    return this.#child.output
  }

  /** Resolves when the call is established. Its calls are numbered from 1, in the order in which they began. */
  async dial(uri: string, call = 1): Promise<void> {
    this.#write(`call ${uri}`)
    await this.established(call)
  }

  /** Puts its call on hold, as it wants before another one. */
  async hold(): Promise<void> {
    this.#write('pause')
    await this.#polled('calls', /Paused {2,}/)
  }

  /** Resolves when it rings. */
  async ringing(): Promise<void> {
    await this.#child.until(/Receiving new incoming call/)
  }

  async answer(): Promise<void> {
    this.#write('answer')
    await this.established()
  }

  async established(call = 1): Promise<void> {
    await this.#child.until(new RegExp(`Media streams established with .* for call ${call} `))
  }

  /** Connects the far ends of two calls of its own (RFC 3515 with Replaces). */
  async transfer(call: number, to: number): Promise<void> {
    this.#write(`transfer ${call} --to-call ${to}`)
    await this.ended(call)
    await this.ended(to)
  }

  async hangUp(call = 1): Promise<void> {
    this.#write(`terminate ${call}`)
    await this.ended(call)
  }

  async ended(call = 1): Promise<void> {
    await this.#child.until(new RegExp(`Call ${call} with .* (?:ended|error)`))
  }

  /** Types the command until its answer matches: some events it tells only when asked. */
  #polled(command: string, answer: RegExp): Promise<RegExpExecArray> {
    return eventually(`linphonec: ${command}`, async () => {
      this.#write(command)
      await this.#child.stir()
      return answer.exec(this.output) ?? undefined
    })
  }

  /** All it heard; complete once it has ended. */
  heard(): Recording {
    return readWav(readFileSync(this.#heard))
  }

  async close(): Promise<void> {
    this.#write('quit')
    await this.#child.stop('SIGTERM', 3000)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #write(line: string): void {
    this.#child.write(`${line}\n`)
  }
}
