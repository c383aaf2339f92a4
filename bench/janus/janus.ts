// Janus AudioBridge under test (Debian's janus 1.1.2): one process on one core with that plugin and the WebSocket API only;
// participants are plain RTP ones, the cheapest kind it has.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../demo/server.ts'
import { type BenchCodec, type Bridge, loopback } from '../capacity/bridge.ts'
import { end, lastWords, scratchFolder, serverCore, startPinned } from '../capacity/child.ts'
import { type JanusHandle, JanusSession } from './session.ts'

const binary = '/usr/bin/janus'

export const janusInstalled = (): boolean => existsSync(binary)

/** Plugins and transports that the bench does not use; each would cost threads. */
const unusedPlugins = [
  'duktape',
  'echotest',
  'lua',
  'nosip',
  'recordplay',
  'sip',
  'streaming',
  'textroom',
  'videocall',
  'videoroom',
  'voicemail',
].map((name) => `libjanus_${name}.so`)
const unusedTransports = ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq'].map((name) => `libjanus_${name}.so`)

function writeConfiguration(wsPort: number): string {
  const folder = scratchFolder('janus')
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
  write('janus.jcfg', [
    `general: { debug_level = 2, session_timeout = 0, interface = "${loopback}" }`,
    'media: { rtp_port_range = "30000-32000" }',
    'nat: { ice_lite = true }',
    `plugins: { disable = "${unusedPlugins.join(',')}" }`,
    `transports: { disable = "${unusedTransports.join(',')}" }`,
  ])
  write('janus.plugin.audiobridge.jcfg', [
    `general: { events = false, rtp_port_range = "10000-29999", local_ip = "${loopback}" }`,
  ])
  write('janus.transport.websockets.jcfg', [
    `general: { json = "compact", ws = true, ws_port = ${wsPort}, ws_ip = "${loopback}" }`,
    'admin: { admin_ws = false }',
  ])
  return folder
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Starts the server; resolves when its API answers. `rate` is that of the rooms in Hz; without one it is the codec's own. */
export async function startJanus(codec: BenchCodec, rate?: number): Promise<Bridge> {
  if (!janusInstalled())
    throw new Error('Janus is not installed (Debian: apt-get install --no-install-recommends janus)')
  const wsPort = await freePort()
  const folder = writeConfiguration(wsPort)
  const child = startPinned({ core: serverCore, file: binary, args: ['-F', folder, '--disable-colors'] })
  const said = lastWords(child)
  let session: JanusSession | undefined
  for (let tries = 0; session === undefined; tries += 1) {
    await wait(100)
    session = await JanusSession.open(`ws://${loopback}:${wsPort}`).catch(() => undefined)
    if (session || (child.exitCode === null && tries < 100)) continue
    await end(child)
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`Janus did not start\n${said()}`)
  }
  const open = session
  const admin = await open.attach()
  let rooms = 0
  return {
    pid: child.pid ?? 0,
    async openConference() {
      rooms += 1
      await open.ask(admin, {
        request: 'create',
        room: rooms,
        permanent: false,
        // At the codec's own rate nothing is resampled.
        sampling_rate: rate ?? (codec === 'PCMU' ? 8000 : 16_000),
        audiolevel_ext: false,
        allow_rtp_participants: true,
      })
      return String(rooms)
    },
    join: (conference, localPort) => joinRoom(open, { room: Number(conference), codec, localPort }),
    lastWords: said,
    async stop() {
      open.close()
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Joining {
  readonly room: number
  readonly codec: BenchCodec
  readonly localPort: number
}

async function joinRoom(session: JanusSession, { room, codec, localPort }: Joining) {
  const handle: JanusHandle = await session.attach()
  const payloadType = codec === 'PCMU' ? 0 : 96
  const joined = await session.ask(handle, {
    request: 'join',
    room,
    codec: codec === 'PCMU' ? 'pcmu' : 'opus',
    rtp: { ip: loopback, port: localPort, payload_type: payloadType },
  })
  const { ip, port } = (joined['rtp'] ?? {}) as { readonly ip?: string; readonly port?: number }
  if (port === undefined) throw new Error(`Janus gave no port: ${JSON.stringify(joined).slice(0, 300)}`)
  return {
    address: ip ?? loopback,
    port,
    payloadType,
    leave: async () => {
      await session.ask(handle, { request: 'leave' })
      await session.detach(handle)
    },
  }
}
