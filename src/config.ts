// Reads and checks every setting (setting-table.ts). The only reader of the environment.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { isIP } from 'node:net'
import { availableParallelism, networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { AdapterKind } from './flow/ports.ts'
import { adapterKinds } from './net/adapters.ts'
import type { SpeechSetting } from './net/speech/voices.ts'
import type { CodecName } from './sdp/media-plan.ts'
import { logLevels, settingTable } from './setting-table.ts'

export interface Settings {
  readonly bindIp: string
  readonly publicIp: string
  readonly httpPort: number
  readonly sipPort: number
  /** SIP over TLS; undefined when no certificate is given. */
  readonly tls: TlsSettings | undefined
  readonly rtpPortMin: number
  readonly rtpPortMax: number
  readonly mediaWorkers: number
  readonly sipDomain: string
  readonly dataDir: string
  readonly adminPassword: string | undefined
  readonly adminAccesskey: string | undefined
  readonly publicUrl: string
  readonly dialAllow: readonly string[]
  readonly logLevel: LogLevel
  readonly lineApiUrl: string
  readonly maxCallSeconds: number
  readonly rateLimits: boolean
  readonly codecs: readonly CodecName[]
  readonly opusRate: 8000 | 16_000 | 48_000
  /** Of one customer; 0 for no limit. */
  readonly maxCalls: number
  readonly callsPerSecond: number
  readonly tts: SpeechSetting
  readonly webAllow: readonly string[]
  /** Addresses by kind. */
  readonly adapters: ReadonlyMap<AdapterKind, string>
  readonly adaptersSecret: string | undefined
}

export interface TlsSettings {
  readonly port: number
  readonly certPath: string
  readonly keyPath: string
  readonly caPath?: string
}

type LogLevel = (typeof logLevels)[number]

/** A setting that cannot be used; the message is one line naming the variable and the fix. */
export class SettingError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>

function text(environment: Environment, name: string): string {
  const given = environment[name]?.trim()
  if (given) return given
  return settingTable.find((setting) => setting.name === name)?.fallback ?? ''
}

function integer(environment: Environment, name: string, range: readonly [number, number]): number {
  const given = text(environment, name)
  const value = Number(given)
  if (!/^\d+$/.test(given) || value < range[0] || value > range[1]) {
    throw new SettingError(`${name} is "${given}"; it must be a whole number from ${range[0]} to ${range[1]}`)
  }
  return value
}

function ip(environment: Environment, name: string): string {
  const given = text(environment, name)
  if (isIP(given) === 0) throw new SettingError(`${name} is "${given}"; it must be an IPv4 or IPv6 address`)
  return given
}

/** The address a phone can reach us by, as far as this machine knows: the bound one, or that of its first interface. */
function foundPublicIp(bindIp: string): string {
  if (bindIp !== '0.0.0.0' && bindIp !== '::') return bindIp
  const external = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find((entry) => !entry.internal && entry.family === 'IPv4')
  return external?.address ?? '127.0.0.1'
}

function rtpPorts(environment: Environment): readonly [number, number] {
  const name = 'PARTYLINE_RTP_PORTS'
  const given = text(environment, name)
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(given)
  const [low, high] = [Number(match?.[1]), Number(match?.[2])]
  if (!match || low < 1024 || high > 65535 || high - low < 1) {
    throw new SettingError(
      `${name} is "${given}"; it must be a range such as 20000-29999 within 1024-65535, two ports a call`,
    )
  }
  return [low, high]
}

/** Makes a folder and its parents one by one: mkdir's own recursion never ends on file systems such as /proc. */
function makeFolder(directory: string): void {
  if (existsSync(directory)) return
  makeFolder(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
}

function dataDir(environment: Environment): string {
  const directory = resolve(text(environment, 'PARTYLINE_DATA_DIR'))
  try {
    makeFolder(directory)
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    throw new SettingError(
      `PARTYLINE_DATA_DIR "${directory}" cannot be written (${why}); name a folder that this user may write`,
    )
  }
  return directory
}

/** The files are read, and complained of, when the port is opened. */
function tls(environment: Environment): TlsSettings | undefined {
  const port = integer(environment, 'PARTYLINE_SIPS_PORT', [1, 65535])
  const [cert, key, ca] = ['CERT', 'KEY', 'CA'].map((which) => environment[`PARTYLINE_TLS_${which}`]?.trim())
  if (cert && key) return { port, certPath: resolve(cert), keyPath: resolve(key), ...(ca && { caPath: resolve(ca) }) }
  if (!cert && (key || ca)) {
    throw new SettingError(
      `PARTYLINE_TLS_${key ? 'KEY' : 'CA'} is set without PARTYLINE_TLS_CERT; TLS needs both certificate and key`,
    )
  }
  if (cert)
    throw new SettingError('PARTYLINE_TLS_CERT is set without PARTYLINE_TLS_KEY; TLS needs both certificate and key')
  return undefined
}

function url(environment: Environment, name: string, fallback?: string): string {
  const given = environment[name]?.trim() || fallback || text(environment, name)
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new SettingError(`${name} is "${given}"; it must be an http:// or https:// address`)
  }
  return given.replace(/\/+$/, '')
}

function oneOf<T extends string>(environment: Environment, name: string, words: readonly T[]): T {
  const given = text(environment, name)
  const word = words.find((candidate) => candidate === given)
  if (word === undefined) throw new SettingError(`${name} is "${given}"; it must be one of ${words.join(', ')}`)
  return word
}

function accesskey(environment: Environment): string | undefined {
  const given = environment['PARTYLINE_ADMIN_ACCESSKEY']?.trim()
  if (given && !/^vb_[A-Za-z0-9]{32}$/.test(given)) {
    throw new SettingError('PARTYLINE_ADMIN_ACCESSKEY must be "vb_" followed by 32 letters and digits')
  }
  return given || undefined
}

/** Hosts and networks, with commas between. */
function places(environment: Environment, name: string): string[] {
  const given = text(environment, name)
  return (given === 'none' ? '' : given)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [address = '', bits, ...rest] = entry.split('/')
      const family = isIP(address)
      const network = bits !== undefined
      const bitsFit = /^\d+$/.test(bits ?? '0') && Number(bits ?? 0) <= (family === 6 ? 128 : 32)
      const host = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(entry)
      if (rest.length > 0 || (network ? family === 0 || !bitsFit : family === 0 && !host)) {
        throw new SettingError(
          `${name} holds "${entry}"; entries are host names, addresses or networks such as 10.0.0.0/8`,
        )
      }
      return entry
    })
}

function mediaWorkers(environment: Environment): number {
  const name = 'PARTYLINE_MEDIA_WORKERS'
  return environment[name]?.trim() ? integer(environment, name, [1, 256]) : availableParallelism()
}

const codecNames: readonly CodecName[] = ['opus', 'G722', 'PCMU', 'PCMA', 'L16']

function codecs(environment: Environment): CodecName[] {
  const name = 'PARTYLINE_CODECS'
  const found = text(environment, name)
    .split(',')
    .map((word) => {
      const known = codecNames.find((codec) => codec.toLowerCase() === word.trim().toLowerCase())
      if (known) return known
      throw new SettingError(`${name} holds "${word.trim()}"; codecs are ${codecNames.join(', ')}`)
    })
  return [...new Set(found)]
}

function opusRate(environment: Environment): 8000 | 16_000 | 48_000 {
  return { '8000': 8000, '16000': 16_000, '48000': 48_000 }[
    oneOf(environment, 'PARTYLINE_OPUS_RATE', ['8000', '16000', '48000'])
  ] as 8000 | 16_000 | 48_000
}

function tts(environment: Environment): SpeechSetting {
  const given = text(environment, 'PARTYLINE_TTS')
  if (/^https?:/.test(given)) return url(environment, 'PARTYLINE_TTS') as `https://${string}`
  return oneOf(environment, 'PARTYLINE_TTS', ['auto', 'flite', 'espeak-ng'])
}

function adapters(environment: Environment): Map<AdapterKind, string> {
  const name = 'PARTYLINE_ADAPTERS'
  const found = new Map<AdapterKind, string>()
  const given = environment[name]?.trim()
  for (const entry of given ? given.split(',') : []) {
    const [word = '', ...rest] = entry.split('=')
    const kind = adapterKinds.find((known) => known === word.trim())
    const address = rest.join('=').trim()
    if (kind === undefined || !URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
      throw new SettingError(
        `${name} holds "${entry}"; entries are kind=url, kinds are ${adapterKinds.join(', ')}, addresses begin with http:// or https://`,
      )
    }
    found.set(kind, address)
  }
  return found
}

/** Reads and checks every setting. Throws SettingError for the first that is wrong. */
export function readSettings(environment: Environment): Settings {
  const bindIp = ip(environment, 'PARTYLINE_BIND_IP')
  const [rtpPortMin, rtpPortMax] = rtpPorts(environment)
  const httpPort = integer(environment, 'PARTYLINE_HTTP_PORT', [1, 65535])
  return {
    bindIp,
    publicIp: environment['PARTYLINE_PUBLIC_IP']?.trim()
      ? ip(environment, 'PARTYLINE_PUBLIC_IP')
      : foundPublicIp(bindIp),
    httpPort,
    sipPort: integer(environment, 'PARTYLINE_SIP_PORT', [1, 65535]),
    tls: tls(environment),
    rtpPortMin,
    rtpPortMax,
    mediaWorkers: mediaWorkers(environment),
    sipDomain: text(environment, 'PARTYLINE_SIP_DOMAIN'),
    adminPassword: environment['PARTYLINE_ADMIN_PASSWORD'] || undefined,
    adminAccesskey: accesskey(environment),
    publicUrl: url(environment, 'PARTYLINE_PUBLIC_URL', `http://localhost:${httpPort}`),
    dialAllow: places(environment, 'PARTYLINE_DIAL_ALLOW'),
    logLevel: oneOf(environment, 'PARTYLINE_LOG_LEVEL', logLevels),
    lineApiUrl: url(environment, 'PARTYLINE_LINE_API_URL'),
    maxCallSeconds: integer(environment, 'PARTYLINE_MAX_CALL_SECONDS', [1, 31_536_000]),
    rateLimits: oneOf(environment, 'PARTYLINE_RATE_LIMITS', ['on', 'off']) === 'on',
    codecs: codecs(environment),
    opusRate: opusRate(environment),
    maxCalls: integer(environment, 'PARTYLINE_MAX_CALLS', [0, 1_000_000]),
    callsPerSecond: integer(environment, 'PARTYLINE_CALLS_PER_SECOND', [0, 100_000]),
    tts: tts(environment),
    webAllow: places(environment, 'PARTYLINE_WEB_ALLOW'),
    adapters: adapters(environment),
    adaptersSecret: environment['PARTYLINE_ADAPTERS_SECRET']?.trim() || undefined,
    dataDir: dataDir(environment),
  }
}

/** What `npm start -- --help` prints. */
export function settingsHelp(): string {
  const width = Math.max(...settingTable.map((setting) => setting.name.length))
  const lines = settingTable.map(
    (setting) => `  ${setting.name.padEnd(width)}  ${setting.meaning.replaceAll('`', '')} (${setting.fallback})`,
  )
  return [
    'Partyline, a programmable conference-call server.',
    '',
    'Settings are environment variables:',
    ...lines,
    '',
  ].join('\n')
}
