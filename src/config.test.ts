import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSettings, SettingError, settingsHelp } from './config.ts'
import { settingTable } from './setting-table.ts'

const folder = mkdtempSync(join(tmpdir(), 'partyline-'))
afterAll(() => rmSync(folder, { recursive: true }))
const read = (environment: Record<string, string>) => readSettings({ PARTYLINE_DATA_DIR: folder, ...environment })

describe('settings', () => {
  it('have the documented defaults', () => {
    expect(read({})).toMatchObject({
      bindIp: '0.0.0.0',
      httpPort: 8080,
      sipPort: 5060,
      rtpPortMin: 20_000,
      rtpPortMax: 29_999,
      sipDomain: 'sip.localhost',
      publicUrl: 'http://localhost:8080',
      dialAllow: ['127.0.0.0/8', '::1'],
      logLevel: 'info',
      adminPassword: undefined,
      tls: undefined,
    })
  })

  it('of the README and of --help are those of the table', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    for (const { name, fallback, meaning } of settingTable) {
      const shown = ['generated', 'found out', 'one per core', 'none'].includes(fallback) ? fallback : `\`${fallback}\``
      expect(readme).toContain(`| \`${name}\` | ${shown} | ${meaning} |`)
      expect(settingsHelp()).toContain(name)
    }
  })

  it.each([
    ['PARTYLINE_HTTP_PORT', '80a'],
    ['PARTYLINE_HTTP_PORT', '0'],
    ['PARTYLINE_SIP_PORT', '70000'],
    ['PARTYLINE_BIND_IP', 'localhost'],
    ['PARTYLINE_PUBLIC_IP', '300.1.1.1'],
    ['PARTYLINE_RTP_PORTS', '30000'],
    ['PARTYLINE_RTP_PORTS', '30000-20000'],
    ['PARTYLINE_PUBLIC_URL', 'ftp://host'],
    ['PARTYLINE_DIAL_ALLOW', '10.0.0.0/40'],
    ['PARTYLINE_DIAL_ALLOW', 'a host'],
    ['PARTYLINE_LOG_LEVEL', 'loud'],
    ['PARTYLINE_CODECS', 'PCMU,GSM'],
    ['PARTYLINE_OPUS_RATE', '44100'],
    ['PARTYLINE_MAX_CALLS', '-1'],
    ['PARTYLINE_CALLS_PER_SECOND', 'many'],
    ['PARTYLINE_TTS', 'siri'],
    ['PARTYLINE_WEB_ALLOW', 'a host'],
    ['PARTYLINE_ADAPTERS', 'fax=http://localhost'],
    ['PARTYLINE_ADAPTERS', 'ai=localhost'],
    ['PARTYLINE_ADMIN_ACCESSKEY', 'secret'],
    ['PARTYLINE_RATE_LIMITS', 'maybe'],
    ['PARTYLINE_DATA_DIR', '/proc/partyline'],
    ['PARTYLINE_SIPS_PORT', '0'],
    ['PARTYLINE_TLS_CERT', 'server.pem'],
    ['PARTYLINE_TLS_KEY', 'server.key'],
    ['PARTYLINE_TLS_CA', 'ca.pem'],
  ])('%s=%s is refused in one line that names it', (name, value) => {
    let error: unknown
    try {
      read({ [name]: value })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(SettingError)
    expect(String(error)).toContain(name)
    expect(String(error)).not.toContain('\n')
  })

  it('give TLS a port and absolute paths once there are certificate and key', () => {
    const files = { PARTYLINE_TLS_CERT: '/etc/tls/server.pem', PARTYLINE_TLS_KEY: '/etc/tls/server.key' }
    expect(read(files).tls).toEqual({
      port: 5061,
      certPath: '/etc/tls/server.pem',
      keyPath: '/etc/tls/server.key',
    })
    expect(read({ ...files, PARTYLINE_TLS_CA: '/etc/tls/ca.pem', PARTYLINE_SIPS_PORT: '6061' }).tls).toMatchObject({
      port: 6061,
      caPath: '/etc/tls/ca.pem',
    })
  })

  it('follow the bound address where no public one is given', () => {
    expect(read({ PARTYLINE_BIND_IP: '127.0.0.1' }).publicIp).toBe('127.0.0.1')
    expect(read({ PARTYLINE_HTTP_PORT: '9090' }).publicUrl).toBe('http://localhost:9090')
  })
})
