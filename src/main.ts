// Entry point: `npm start`. Reads the settings, starts the server, says what to do next, and drains on Ctrl-C.
import { readFileSync } from 'node:fs'
import { OperationalError } from './base/errors.ts'
import { readSettings, SettingError, type Settings, settingsHelp } from './config.ts'
import { systemClock } from './net/system-clock.ts'
import { type Server, startServer } from './server.ts'
import { compileSooner } from './telemetry/compiler.ts'
import { boundHeaps, keepHeapSmall } from './telemetry/heap.ts'
import { createLog } from './telemetry/log.ts'
import { favourThreads } from './telemetry/thread-priority.ts'

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return manifest !== null && typeof manifest === 'object' && 'version' in manifest ? String(manifest.version) : '0'
}

function fail(line: string): never {
  process.stderr.write(`partyline: ${line}\n`)
  process.exit(1)
}

/** What a newcomer needs next: the secrets of the first start, an address, a request, a number to dial. */
function whatNext(settings: Settings, { accounts }: Server): string {
  const key = accounts.accesskey ?? '<YOUR_ACCESS_KEY>'
  const base = settings.publicUrl
  const secrets = accounts.created
    ? [
        '',
        'First start. Note these down, they are not shown again:',
        `  user        ${accounts.username}`,
        `  password    ${accounts.password}`,
        `  access key  ${accounts.accesskey}`,
      ]
    : []
  const port = settings.sipPort === 5060 ? '' : `:${settings.sipPort}`
  return [
    `Partyline is up: ${base}  (API documentation: ${base}/docs)`,
    ...secrets,
    '',
    'Create a conference:',
    `  curl -s --request POST '${base}/v1.0/conferences?accesskey=${key}' --data-raw '{"type": "conference", "name": "my first conference"}'`,
    '',
    'Then dial it from any SIP phone, with the "direct_hash" of the answer:',
    `  sip:direct.<direct_hash>@${settings.publicIp}${port}    (or @${settings.sipDomain}${port} where that name leads here)`,
    '',
    'Ctrl-C drains and stops.',
    '',
  ].join('\n')
}

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(settingsHelp())
    return
  }
  if (args.length > 0)
    fail(`unknown argument "${args[0]}"; settings are environment variables, see npm start -- --help`)
  const settings = readSettings(process.env)
  boundHeaps()
  compileSooner()
  const log = createLog(settings.logLevel)
  const server = await startServer({ settings, clock: systemClock, log, version: readVersion() })
  process.stdout.write(whatNext(settings, server))
  favourThreads('media')
  keepHeapSmall(systemClock)
  let stopping = false
  const stop = (signal: string): void => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'draining')
    server.close('server stopped').then(
      () => process.exit(0),
      (error: unknown) => fail(`did not close cleanly: ${error instanceof Error ? error.message : String(error)}`),
    )
  }
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGHUP', () => server.reload())
  // A bug in one procedure must not end everyone's calls.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'))
}

main().catch((error: unknown) => {
  if (error instanceof SettingError || error instanceof OperationalError) fail(error.message)
  fail(error instanceof Error ? (error.stack ?? error.message) : String(error))
})
