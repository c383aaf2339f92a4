// baresip as an independent real phone: headless in a room, with a tone of its own, its ears recorded to a WAV file and
// its standard input as the keyboard.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Recording, readWav } from '../../demo/phone/wav.ts'
import { Child } from './child.ts'
import type { Room } from './room.ts'

export interface BaresipOptions {
  readonly name: string
  readonly room: Room
  /** It listens here and, for TLS, on the next port. */
  readonly sipPort: number
  /** Its own tone in Hz. */
  readonly frequency: number
  readonly autoAnswer?: boolean
  /** TLS and SRTP, and nothing else; a PEM file with certificate and key. */
  readonly secure?: { readonly certificate: string }
  /** Without `secure`: what it dials and registers by; UDP unless given. */
  readonly transport?: 'udp' | 'tcp'
  /** Registers as an extension of the server, and calls as such. */
  readonly login?: Login
}

export interface Login {
  readonly extension: string
  readonly password: string
  /** Host name of the extension's registrar, which needs not resolve. */
  readonly domain: string
  /** Where the server is. */
  readonly server: { readonly port: number; readonly transport: 'udp' | 'tcp' | 'tls' }
}

const modulePaths = ['/usr/lib/baresip/modules', '/usr/lib64/baresip/modules', '/usr/local/lib/baresip/modules']

function modulePath(): string {
  const found = modulePaths.find((path) => {
    try {
      return readdirSync(path).includes('ausine.so')
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error(`baresip's modules are in none of ${modulePaths.join(', ')}`)
  return found
}

function loginAccount({ login, room }: BaresipOptions): string | undefined {
  if (login === undefined) return undefined
  const { extension, password, domain, server } = login
  const proxy = `sip:${room.address}:${server.port};transport=${server.transport}`
  return `<sip:${extension}@${domain};transport=${server.transport}>;auth_pass=${password};outbound="${proxy}";regint=600`
}

function configuration(options: BaresipOptions, recordings: string): string {
  const { room, sipPort, frequency, name, secure } = options
  const security = secure ? `sip_certificate ${secure.certificate}\nmodule srtp.so\n` : ''
  return `poll_method epoll
sip_listen ${room.address}:${sipPort}
call_local_timeout 120
call_max_calls 2
audio_player aubridge,ears-${name}
audio_source ausine,${frequency}
audio_alert aubridge,bell-${name}
ausrc_srate 48000
ausrc_channels 2
auplay_srate 8000
auplay_channels 1
rtp_ports ${30000 + (sipPort % 1000) * 2}-${30000 + (sipPort % 1000) * 2 + 19}
rtp_stats yes
jitter_buffer_delay 2-10
net_interface phones
module_path ${modulePath()}
module stdio.so
module g711.so
module ausine.so
module aubridge.so
module sndfile.so
${security}module_tmp account.so
module_app menu.so
snd_path ${recordings}
`
}

/** What baresip itself counted of a call. */
export interface CallStatistics {
  readonly sent: number
  readonly received: number
}

export class Baresip {
  readonly uri: string
  readonly #child: Child
  readonly #folder: string
  readonly #recordings: string
  readonly #account: string

  private constructor(options: BaresipOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), `partyline-${options.name}-`))
    this.#recordings = join(this.#folder, 'heard')
    mkdirSync(this.#recordings)
    const { name, room, sipPort, secure, transport = 'udp' } = options
    const at = `sip:${name}@${room.address}`
    const plain = `${at}:${sipPort}${transport === 'tcp' ? ';transport=tcp' : ''}`
    this.uri = secure ? `${at}:${sipPort + 1};transport=tls` : plain
    const account = `<${at}:${secure ? sipPort + 1 : sipPort};transport=${secure ? 'tls' : transport}>;regint=0`
    const encryption = secure ? ';mediaenc=srtp-mand' : ''
    const answering = options.autoAnswer === true ? 'auto' : 'manual'
    writeFileSync(join(this.#folder, 'config'), configuration(options, this.#recordings))
    this.#account = `${loginAccount(options) ?? account}${encryption};answermode=${answering};audio_codecs=PCMU/8000/1;ptime=20`
    writeFileSync(join(this.#folder, 'accounts'), `${this.#account}\n`)
    writeFileSync(join(this.#folder, 'contacts'), '')
    this.#child = new Child(options.room.command('baresip', '-4', '-f', this.#folder))
  }

  /** Resolves when it listens. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    const phone = new Baresip(options)
    await phone.#begin(options).catch(async (error: unknown) => {
      await phone.close()
      throw error
    })
    return phone
  }

  async #begin({ login }: BaresipOptions): Promise<void> {
    await this.#child.until(/baresip is ready/)
    if (login !== undefined) await this.#register()
  }

  /** Version 1 gives up when it is offered SHA-256; then it is offered MD5 alone. */
  async #register(): Promise<void> {
    await this.#child.until(/Register: Function not implemented|\b200 OK/)
    if (/\b200 OK/.test(this.output)) return
    this.#child.write(`/uanew ${this.#account}\n/uanext\n`)
    await this.#child.until(/\b200 OK/)
  }

  get output(): string {
    return this.#child.output
  }

  /** Asks the far end to call somebody in its place (RFC 3515); resolves when that one has answered. */
  async transfer(uri: string): Promise<void> {
    this.#child.write(`/transfer ${uri}\n`)
    await this.#child.until(/200 OK/)
  }

  /** Resolves when the call is established. */
  async dial(uri: string): Promise<void> {
    this.#child.write(`/dial ${uri}\n`)
    await this.established()
  }

  accept(): void {
    this.#child.write('/accept\n')
  }

  until(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#child.until(pattern)
  }

  async established(): Promise<void> {
    await this.#child.until(/Call established/)
  }

  /** Seconds its call has lasted. */
  #lasted(): number {
    const [, minutes, seconds] = [...this.#child.output.matchAll(/\[0:(\d\d):(\d\d)\] audio=\d/g)].at(-1) ?? []
    return Number(minutes ?? 0) * 60 + Number(seconds ?? 0)
  }

  /** Resolves when its call has lasted that long. */
  async talked(seconds: number): Promise<void> {
    while (this.#lasted() < seconds) {
      const over = !this.#child.alive || this.output.includes(' terminated (duration')
      if (over) throw new Error(`the call ended early\n${this.output}`)
      await this.#child.stir()
    }
  }

  /** Resolves when its call has lasted that much longer. */
  talkedMore(seconds: number): Promise<void> {
    return this.talked(this.#lasted() + seconds)
  }

  /** Resolves when its call is over, with what it counted. */
  async ended(): Promise<CallStatistics> {
    const [, sent, received] = await this.#child.until(/terminated \(duration[\s\S]*packets:\s+(\d+)\s+(\d+)\s/)
    return { sent: Number(sent), received: Number(received) }
  }

  hangUp(): Promise<CallStatistics> {
    this.#child.write('/hangup\n')
    return this.ended()
  }

  /** All it heard in its call; complete once the call is over. */
  heard(): Recording {
    const file = readdirSync(this.#recordings).find((name) => name.endsWith('-dec.wav'))
    if (file === undefined) throw new Error(`no recording\n${this.output}`)
    const bytes = readFileSync(join(this.#recordings, file))
    // It writes the length last of all, after it has told that the call is over.
    const data = bytes.indexOf('data')
    bytes.writeUInt32LE(bytes.length - data - 8, data + 4)
    return readWav(bytes)
  }

  async close(): Promise<void> {
    this.#child.write('/quit\n')
    await this.#child.stop('SIGTERM', 3000)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
